"""Documents: a capture opened as JSON, YAML, an XML tree, or HTML with its tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from parsel import Selector, SelectorList

from scrapers.page.capture import Capture

_SPACES = re.compile(r"\s+")
_VISIBLE = "not(ancestor::script or ancestor::style or ancestor::noscript)"
_BLOCK_TAGS = ("h1", "h2", "h3", "h4", "h5", "h6", "p", "li", "dt", "dd", "td", "th")
_BLOCK = " or ".join(f"self::{tag}" for tag in _BLOCK_TAGS)


def _squeeze(text: str) -> str:
    return _SPACES.sub(" ", text.replace("\xa0", " ").replace("\u200b", "")).strip()


@dataclass(frozen=True)
class Json:
    """A JSON answer: the capture and its decoded value."""

    capture: Capture
    value: Any

    def field(self, name: str) -> Any:
        """A field of the answer; None where the answer has no such field, or is not an object."""
        return self.value.get(name) if isinstance(self.value, dict) else None


@dataclass(frozen=True)
class Xml:
    """An XML answer: the capture and its root, an lxml element whose tags have no namespace."""

    capture: Capture
    root: Any


@dataclass(frozen=True)
class Yaml:
    """A YAML file: the capture and the mapping that it holds."""

    capture: Capture
    value: dict[str, Any]


@dataclass(frozen=True)
class PageTable:
    """One table of a page: the heading above it, its column headers, and its rows of text."""

    capture: Capture
    heading: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def records(self) -> Iterator[dict[str, str]]:
        """The rows as mappings from column header to text."""
        for row in self.rows:
            yield dict(zip(self.headers, row, strict=False))


@dataclass(frozen=True)
class Html:
    """An HTML page that can be selected from; `text` is what a reader sees, block by block."""

    capture: Capture
    html: str

    @cached_property
    def selector(self) -> Selector:
        """The parsed page."""
        # Left to itself it takes a page that is JSON for JSON, which has no elements to select.
        return Selector(text=self.html, type="html")

    def css(self, query: str) -> SelectorList[Selector]:
        """The nodes that a CSS selector matches."""
        return self.selector.css(query)

    def text_of(self, node: Selector | SelectorList[Selector]) -> str:
        """Visible text of a node, white space folded, scripts and styles left out."""
        return _squeeze(" ".join(node.xpath(f".//text()[{_VISIBLE}]").getall()))

    @cached_property
    def blocks(self) -> tuple[str, ...]:
        """Text of each heading, paragraph, list item and cell, without the blocks inside it."""
        nodes = self.selector.xpath(f"//*[{_BLOCK}]")
        return tuple(text for node in nodes if (text := self._own_text(node)))

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Every visible piece of text in reading order, whatever element holds it."""
        return self._pieces(_VISIBLE)

    @cached_property
    def loose_texts(self) -> tuple[str, ...]:
        """The pieces of text that stand in no block, as in cards built of divisions."""
        return self._pieces(f"{_VISIBLE} and not(ancestor::*[{_BLOCK}])")

    def _own_text(self, block: Selector) -> str:
        depth = block.xpath(f"count(ancestor-or-self::*[{_BLOCK}])").get()
        parts = block.xpath(f".//text()[{_VISIBLE} and count(ancestor::*[{_BLOCK}]) = {depth}]")
        return _squeeze(" ".join(parts.getall()))

    def _pieces(self, condition: str) -> tuple[str, ...]:
        pieces = self.selector.xpath(f"//body//text()[{condition}]").getall()
        return tuple(text for piece in pieces if (text := _squeeze(piece)))

    @cached_property
    def tables(self) -> tuple[PageTable, ...]:
        """Every table that has a header row, with the nearest heading before it."""
        return tuple(self._tables())

    def _tables(self) -> Iterator[PageTable]:
        for table in self.css("table"):
            heading = self.text_of(
                table.xpath("(preceding::*[self::h1 or self::h2 or self::h3 or self::h4])[last()]")
            )
            rows = [tuple(self.text_of(cell) for cell in row.xpath("./th | ./td")) for row in table.css("tr")]
            rows = [row for row in rows if any(row)]
            if rows and table.css("th"):
                yield PageTable(self.capture, heading, rows[0], tuple(rows[1:]))


Document = Html | Json | Xml | Yaml
