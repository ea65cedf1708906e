"""Hugging Face: the hardware of Spaces by the hour. Off by default."""
