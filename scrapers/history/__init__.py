"""Public price histories and dated facts, parsed by mappings."""
