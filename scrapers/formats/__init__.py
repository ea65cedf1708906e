"""How a kind of source is asked and read; a provider is data on top of a shape."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Protocol

from scrapers.formats import html_table, json_api, liveness, rendered_page, xml_api, yaml_file
from scrapers.page import Capture, Document, FetchRequest
from scrapers.registry import Source


class SourceFormat(Protocol):
    """What a shape module offers."""

    def follow(self, source: Source, request: FetchRequest, capture: Capture) -> list[FetchRequest]:
        """Further requests that an answer calls for: the next page, the next query."""

    def documents(self, captures: Sequence[Capture]) -> list[Document]:
        """The captures opened; raises PageBroken when one is not what its shape expects."""


_SHAPES: dict[str, ModuleType] = {
    "json_api": json_api,
    "xml_api": xml_api,
    "html_table": html_table,
    "rendered_page": rendered_page,
    "liveness": liveness,
    "yaml_file": yaml_file,
}


def format_of(source: Source) -> SourceFormat:
    """The shape a source is declared with."""
    shape: SourceFormat = _SHAPES[source.declared.format]
    return shape
