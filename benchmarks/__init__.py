"""Speed and size, each as a ratio in one run: `make bench`."""
