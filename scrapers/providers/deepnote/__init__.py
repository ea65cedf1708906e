"""Deepnote: its plans, and what the free one gives."""
