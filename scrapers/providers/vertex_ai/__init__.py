"""Vertex AI: what custom training costs on GPU machines."""
