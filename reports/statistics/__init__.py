"""The published statistics as small pure functions, one family a module."""
