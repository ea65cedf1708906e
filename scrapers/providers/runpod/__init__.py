"""RunPod: secure and community GPUs, on demand and spot. Off by default."""
