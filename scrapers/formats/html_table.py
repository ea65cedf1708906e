"""Static pages with tables: HTML as served, or the Markdown twin that some docs publish."""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it import MarkdownIt

from scrapers.formats.markup import refuse_part, text_of
from scrapers.page import Capture, Document, FetchRequest, Html, PageBroken
from scrapers.registry import Source

_MARKDOWN = MarkdownIt("commonmark").enable("table")


def follow(source: Source, request: FetchRequest, capture: Capture) -> list[FetchRequest]:
    """Nothing: such a source is one page an ask."""
    return []


def documents(captures: Sequence[Capture]) -> list[Document]:
    """The pages as HTML; raises PageBroken for an empty one, or for part of one."""
    return [opened(capture) for capture in captures if capture.role == "response"]


def opened(capture: Capture) -> Html:
    """The page as HTML; Markdown is rendered first, so that one parser reads both twins."""
    text = text_of(capture)
    if not text.strip():
        raise PageBroken(f"{capture.url} answered an empty page")
    if capture.media_type == "text/markdown" or capture.url.endswith(".md"):
        text = _MARKDOWN.render(text)
    refuse_part(capture, text)
    return Html(capture, text)
