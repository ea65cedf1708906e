"""What a good snapshot looks like, and the gate that holds each one against it."""
