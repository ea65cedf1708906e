"""Liveness probes of services that have closed; no price is parsed from them.

A parked domain answers 200 too, so an answer counts only on the same host and with the provider's words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from scrapers.formats.base import SourceFormat
from scrapers.formats.markup import text_of
from scrapers.page import Capture, FollowFunction, Html, Notes, PageFunction, Row, term
from scrapers.registry import Source

_QUOTED: Final = 200


class Liveness(SourceFormat[Html]):
    """Any page that answers, of any role; the provider needs no page.py."""

    document = Html

    def opened(self, capture: Capture) -> Html:
        """The page, whole or not."""
        return Html(capture, text_of(capture))

    def documents(self, captures: Sequence[Capture]) -> list[Html]:
        """The pages that answered."""
        return [self.opened(capture) for capture in captures]

    def page(self, source: Source) -> PageFunction[Html]:
        """The same page for every such source."""
        return partial(in_service, source)

    def follow_function(self, source: Source) -> FollowFunction[Html] | None:
        """None: one request is enough."""
        return None


def in_service(source: Source, documents: Sequence[Html], notes: Notes) -> Iterator[Row]:
    """One term: in_service, present where host and words are the provider's, else absent."""
    hosts = {urlsplit(request.url).hostname for request in source.requests}
    for document in documents[:1]:
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
