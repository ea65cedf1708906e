"""Captures -> typed frames: one source's archived answers read by its page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from scrapers.registry import Source
from scrapers.rows import Capture, Document, Notes, PageBroken, Rejected, Row
from scrapers.rows.fitting import misfit
from scrapers.rows.record import mistake, raw_json
from scrapers.shapes import liveness, shape_of
from scrapers.shapes.pages import page_module
from warehouse.schema import BY_NAME

PageFunction = Callable[[list[Document], Notes], Iterable[Row | Rejected]]

logger = logging.getLogger(__name__)


@dataclass
class Parsed:
    """What a page read: a frame for each table, the records it could not read, and its findings.

    Frames have the table's schema; run, slot, source and parser version are filled in.
    """

    frames: dict[str, pl.DataFrame]
    rejected: list[Rejected] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)

    @property
    def rows(self) -> int:
        """Records met: rows read and records that could not be."""
        return sum(frame.height for frame in self.frames.values()) + len(self.rejected)


def read(source: Source, captures: Sequence[Capture], *, slot: datetime, run_id: str) -> Parsed:
    """Read a source's captures.

    Raises PageBroken, and nothing else, when the structure is not the one the page knows. A row with a value
    of another kind than its column's is rejected, never converted.
    """
    documents = shape_of(source).documents(captures)
    parsed = Parsed({})
    rows: dict[str, list[Mapping[str, Any]]] = {table: [] for table in source.declared.good}
    for item in _items(source, documents, parsed.notes):
        if isinstance(item, Rejected):
            parsed.rejected.append(item)
        elif reason := misfit(item):
            capture_id = item.values["capture_id"]
            parsed.rejected.append(Rejected(item.table, reason, raw_json(item.values), capture_id))
        else:
            rows[item.table].append(item.values)
    filled = {
        "slot": slot,
        "run_id": run_id,
        "provider": source.provider,
        "source": source.id,
        "parser_version": source.parser_version,
    }
    for table, values in rows.items():
        schema = BY_NAME[table].polars()
        typed = {name: kind for name, kind in schema.items() if name not in filled}
        frame = pl.DataFrame(values, schema=typed, strict=True)
        constants = [pl.lit(value, dtype=schema[name]).alias(name) for name, value in filled.items()]
        parsed.frames[table] = frame.with_columns(constants).select(schema.names())
    return parsed


def _items(source: Source, documents: list[Document], notes: Notes) -> Iterator[Row | Rejected]:
    """What the page yields; where it took a structure for granted that is not there, PageBroken."""
    try:
        yield from _page_of(source)(documents, notes)
    except PageBroken:
        raise
    # A provider's own code may raise anything; its night fails with the reason, and no other source's.
    except Exception as problem:
        logger.exception("the page of %s broke", source.id)
        sentence = f"the page is not what {source.id} knows ({mistake(problem)})"
        raise PageBroken(sentence) from problem


def _page_of(source: Source) -> PageFunction:
    if source.declared.shape == "liveness":
        return lambda documents, notes: liveness.page(source, documents)
    page: PageFunction = getattr(page_module(source.provider), source.name)
    return page
