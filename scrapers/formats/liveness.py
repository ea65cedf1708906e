"""Whether a service that has gone would be noticed if it came back; no price is ever read from it.

A parked domain answers 200 too, so an answer counts only on the same host and with the provider's words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from scrapers.formats.markup import text_of
from scrapers.page import Capture, Document, FetchRequest, Html, Row, term
from scrapers.registry import Source

_QUOTED: Final = 200


def follow(source: Source, request: FetchRequest, capture: Capture) -> list[FetchRequest]:
    """Nothing: one look is enough."""
    return []


def documents(captures: Sequence[Capture]) -> list[Document]:
    """The pages that answered."""
    return [Html(capture, text_of(capture)) for capture in captures]


def page(source: Source, documents: Sequence[Document]) -> Iterator[Row]:
    """One term: in_service, present where host and words are the provider's, else absent."""
    hosts = {urlsplit(request.url).hostname for request in source.requests}
    for document in documents:
        if not isinstance(document, Html):
            continue
        host = urlsplit(document.capture.url).hostname
        title = document.text_of(document.css("title")) or "no title"
        text = f"{title} {' '.join(document.texts)}".casefold()
        is_back = host in hosts and all(word.casefold() in text for word in source.declared.words)
        yield term(
            document.capture,
            tier="service",
            name="in_service",
            state="present" if is_back else "absent",
            value=f"HTTP {document.capture.http_status} from {host}",
            quote=title[:_QUOTED],
        )
        return
