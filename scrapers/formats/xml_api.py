"""XML APIs, parsed into an element tree without namespaces."""

from __future__ import annotations

from lxml import etree

from scrapers.formats.base import SourceFormat
from scrapers.page import Capture, PageBroken, Xml


class XmlApi(SourceFormat[Xml]):
    """Answers as trees."""

    document = Xml

    def opened(self, capture: Capture) -> Xml:
        """An answer as its root element; raises PageBroken for one that is not XML.

        Entities are not resolved and nothing is fetched.
        """
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
        )
        try:
            root = etree.fromstring(capture.body, parser)
        except etree.XMLSyntaxError as problem:
            start = capture.body[:60].decode("utf-8", "replace")
            raise PageBroken(f"{capture.url} answered no XML ({problem}); it begins {start!r}") from problem
        for element in root.iter(etree.Element):
            element.tag = etree.QName(element).localname
        return Xml(capture, root)
