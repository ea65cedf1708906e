"""Static HTML pages, and Markdown pages that some documentation serves."""

from __future__ import annotations

from typing import Final

from markdown_it import MarkdownIt

from scrapers.formats.base import SourceFormat
from scrapers.formats.markup import refuse_part, text_of
from scrapers.page import Capture, Html, PageBroken

_MARKDOWN: Final = MarkdownIt("commonmark").enable("table")


class HtmlTable(SourceFormat[Html]):
    """Pages as HTML, opened without a browser."""

    document = Html

    def opened(self, capture: Capture) -> Html:
        """The page as HTML; raises PageBroken for an empty one, or for part of one.

        Markdown is rendered first, so that one parser reads both twins.
        """
        text = text_of(capture)
        if not text.strip():
            raise PageBroken(f"{capture.url} answered an empty page")
        if capture.media_type == "text/markdown" or capture.url.endswith(".md"):
            text = _MARKDOWN.render(text)
        refuse_part(capture, text)
        return Html(capture, text)
