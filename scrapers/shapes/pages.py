"""The page module of a provider, found by the provider's id."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def page_module(provider: str) -> ModuleType:
    """Import scrapers.providers.<provider>.page."""
    return import_module(f"scrapers.providers.{provider}.page")
