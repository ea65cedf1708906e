"""Kaggle: what its free notebooks give, and for how long."""
