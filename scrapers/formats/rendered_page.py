"""Pages that scripts fill: parsed from the rendered document."""

from __future__ import annotations

from collections.abc import Sequence

from scrapers.formats.base import SourceFormat
from scrapers.formats.markup import refuse_part, text_of
from scrapers.page import Capture, Html, PageBroken


class RenderedPage(SourceFormat[Html]):
    """Pages as the browser shows them."""

    document = Html

    def opened(self, capture: Capture) -> Html:
        """A rendered document."""
        return Html(capture, capture.body.decode("utf-8", "replace"))

    def documents(self, captures: Sequence[Capture]) -> list[Html]:
        """The rendered pages; raises PageBroken when none was archived, or only part of one was served."""
        rendered = [capture for capture in captures if capture.role == "rendered"]
        if not rendered:
            raise PageBroken("no rendered page was archived")
        for capture in captures:
            if capture.role == "response":
                # The browser closes what the page leaves open.
                refuse_part(capture, text_of(capture))
        return [self.opened(capture) for capture in rendered]
