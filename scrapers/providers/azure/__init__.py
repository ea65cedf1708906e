"""Microsoft Azure: virtual machines with GPUs, on demand and spot, in every region."""
