"""Pages that only their scripts fill: read from the rendered document, not from what was served."""

from __future__ import annotations

from collections.abc import Sequence

from scrapers.formats.markup import refuse_part, text_of
from scrapers.page import Capture, Document, FetchRequest, Html, PageBroken
from scrapers.registry import Source


def follow(source: Source, request: FetchRequest, capture: Capture) -> list[FetchRequest]:
    """Nothing: such a source is one page an ask."""
    return []


def documents(captures: Sequence[Capture]) -> list[Document]:
    """The rendered pages; raises PageBroken when none was archived, or only part of one was served."""
    rendered = [capture for capture in captures if capture.role == "rendered"]
    if not rendered:
        raise PageBroken("no rendered page was archived")
    for capture in captures:
        if capture.role == "response":
            # The browser closes what the page leaves open.
            refuse_part(capture, text_of(capture))
    return [Html(capture, capture.body.decode("utf-8", "replace")) for capture in rendered]
