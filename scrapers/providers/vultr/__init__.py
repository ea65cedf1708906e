"""Vultr: cloud GPUs and bare metal, on demand and preemptible. Off by default."""
