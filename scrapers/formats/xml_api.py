"""APIs that answer XML, read as an element tree whose tags have lost their namespaces."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from scrapers.formats.page_module import follow_requests
from scrapers.page import Capture, Document, FetchRequest, PageBroken, Payload
from scrapers.registry import Source


def follow(source: Source, request: FetchRequest, capture: Capture) -> list[FetchRequest]:
    """What `<source>_follow` of the provider's page asks next; nothing where there is none."""
    return follow_requests(source, request, opened, capture)


def documents(captures: Sequence[Capture]) -> list[Document]:
    """The answers as trees; raises PageBroken for one that is no XML."""
    return [opened(capture) for capture in captures if capture.role == "response"]


def opened(capture: Capture) -> Payload:
    """An answer as its root element; entities are not resolved and nothing is fetched."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(capture.body, parser)
    except etree.XMLSyntaxError as problem:
        start = capture.body[:60].decode("utf-8", "replace")
        raise PageBroken(f"{capture.url} answered no XML ({problem}); it begins {start!r}") from problem
    for element in root.iter(etree.Element):
        element.tag = etree.QName(element).localname
    return Payload(capture, root)
