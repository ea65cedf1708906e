"""What is known from before the first snapshot: dated facts with their origin."""
