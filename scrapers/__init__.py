"""Fetching and reading: who the providers are, how they are asked, what their answers say."""
