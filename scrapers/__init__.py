"""Providers, the crawl, the archive and the parsers."""
