"""DigitalOcean: GPU Droplets on demand and spot; its notebooks are the provider `paperspace`."""
