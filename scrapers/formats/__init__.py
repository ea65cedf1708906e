"""Formats: how a kind of source is fetched and opened."""

from __future__ import annotations

from typing import Any, Final

from scrapers.declaration import FormatName
from scrapers.formats.base import SourceFormat
from scrapers.formats.html_table import HtmlTable
from scrapers.formats.json_api import JsonApi
from scrapers.formats.liveness import Liveness
from scrapers.formats.price_table import PriceTable
from scrapers.formats.rendered_page import RenderedPage
from scrapers.formats.xml_api import XmlApi
from scrapers.formats.yaml_file import YamlFile
from scrapers.registry import Source

FORMATS: Final[dict[FormatName, SourceFormat[Any]]] = {
    "json_api": JsonApi(),
    "xml_api": XmlApi(),
    "yaml_file": YamlFile(),
    "html_table": HtmlTable(),
    "price_table": PriceTable(),
    "rendered_page": RenderedPage(),
    "liveness": Liveness(),
}


def format_of(source: Source) -> SourceFormat[Any]:
    """The format that a source is declared with."""
    return FORMATS[source.declared.format]
