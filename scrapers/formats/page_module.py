"""The page module of a provider, found by the provider's id, and what it asks further."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType

from scrapers.page import Capture, FetchRequest, PageBroken, Payload
from scrapers.page.record import mistake
from scrapers.registry import Source


def page_module(provider: str) -> ModuleType:
    """Import scrapers.providers.<provider>.page."""
    return import_module(f"scrapers.providers.{provider}.page")


def has_follow(source: Source) -> bool:
    """Whether the page of a source asks anything that depends on an answer."""
    return hasattr(page_module(source.provider), f"{source.name}_follow")


def follow_requests(
    source: Source, request: FetchRequest, opened: Callable[[Capture], Payload], capture: Capture
) -> list[FetchRequest]:
    """What `<source>_follow` of the provider's page asks next; nothing where there is none.

    Raises PageBroken, and nothing else, for an answer that is not what the page knows.
    """
    further = getattr(page_module(source.provider), f"{source.name}_follow", None)
    if further is None:
        return []
    try:
        return list(further(request, opened(capture)))
    # Memory that ran out is the caller's to tell of.
    except (PageBroken, MemoryError):
        raise
    # A provider's own code may raise anything; the other requests of its source are not lost by it.
    except Exception as problem:
        raise PageBroken(f"{capture.url} is not what {source.id} knows ({mistake(problem)})") from problem
