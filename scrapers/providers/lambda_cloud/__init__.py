"""Lambda: on-demand instances, reserved clusters, and capacity by region for who has a key."""
