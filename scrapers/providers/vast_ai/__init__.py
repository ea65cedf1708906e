"""vast.ai: a marketplace of other people's machines, read through its offer search."""
