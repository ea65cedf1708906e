"""Nebius: GPU instances on demand and preemptible. Off by default."""
