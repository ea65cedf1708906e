"""Pages that only their scripts fill: read from the rendered document, not from what was served."""

from __future__ import annotations

from collections.abc import Sequence

from scrapers.registry import Source
from scrapers.rows import Ask, Capture, Document, Html, PageBroken


def follow(source: Source, ask: Ask, capture: Capture) -> list[Ask]:
    """Nothing: such a source is one page an ask."""
    return []


def documents(captures: Sequence[Capture]) -> list[Document]:
    """The rendered pages; raises PageBroken when none was archived."""
    rendered = [capture for capture in captures if capture.role == "rendered"]
    if not rendered:
        raise PageBroken("no rendered page was archived")
    return [Html(capture, capture.body.decode("utf-8", "replace")) for capture in rendered]
