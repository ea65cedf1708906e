"""Verda, DataCrunch until December 2025: GPU instances on demand and spot. Off by default."""
