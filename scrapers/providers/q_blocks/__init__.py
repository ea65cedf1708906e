"""Q Blocks: unknown, kept for its history, and asked every night whether it is back."""
