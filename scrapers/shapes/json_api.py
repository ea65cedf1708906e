"""JSON APIs: GET or POST, paged by the provider's own `follow` where it has one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from scrapers.registry import Source
from scrapers.rows import Ask, Capture, Document, PageBroken, Payload
from scrapers.shapes.pages import page_module


def follow(source: Source, ask: Ask, capture: Capture) -> list[Ask]:
    """What `<source>_follow` of the provider's page asks next; nothing where there is none."""
    further = getattr(page_module(source.provider), f"{source.name}_follow", None)
    return list(further(ask, opened(capture))) if further else []


def documents(captures: Sequence[Capture]) -> list[Document]:
    """The answers decoded; raises PageBroken for one that is no JSON."""
    return [opened(capture) for capture in captures if capture.role == "response"]


def opened(capture: Capture) -> Payload:
    """A JSON answer decoded; HTML with status 200 in place of JSON raises PageBroken."""
    try:
        value: Any = json.loads(capture.body)
    except (ValueError, RecursionError) as problem:
        start = capture.body[:60].decode("utf-8", "replace")
        raise PageBroken(f"{capture.url} answered no JSON ({problem}); it begins {start!r}") from problem
    return Payload(capture, value)
