"""Oracle Cloud Infrastructure: the price of a GPU-hour by part number."""
