"""The report: static HTML pages from the views, readable from disk."""
