"""Captures -> typed frames: one source's archived answers read by its page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import polars as pl

from scrapers.registry import Source
from scrapers.rows import Capture, Document, Notes, Rejected, Row
from scrapers.rows.record import raw_json
from scrapers.shapes import liveness, shape_of
from scrapers.shapes.pages import page_module
from warehouse.schema import BY_NAME

_NOT_OF_TYPE: Final = (pl.exceptions.PolarsError, OverflowError, TypeError, ValueError)
PageFunction = Callable[[list[Document], Notes], Iterable[Row | Rejected]]


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

    Raises PageBroken when the structure is not the one the page knows.
    """
    documents = shape_of(source).documents(captures)
    parsed = Parsed({})
    rows: dict[str, list[Mapping[str, Any]]] = {table: [] for table in source.declared.good}
    for item in _page_of(source)(documents, parsed.notes):
        if isinstance(item, Rejected):
            parsed.rejected.append(item)
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
        frame = _typed(table, values, typed, parsed.rejected)
        constants = [pl.lit(value, dtype=schema[name]).alias(name) for name, value in filled.items()]
        parsed.frames[table] = frame.with_columns(constants).select(schema.names())
    return parsed


def _typed(
    table: str, values: Sequence[Mapping[str, Any]], schema: Mapping[str, Any], rejected: list[Rejected]
) -> pl.DataFrame:
    """The rows as a frame of their table; those that do not fit its types are added to `rejected`."""
    try:
        return pl.DataFrame(values, schema=schema, strict=True)
    except _NOT_OF_TYPE:
        fitting = []
    for row in values:
        try:
            pl.DataFrame([row], schema=schema, strict=True)
        except _NOT_OF_TYPE as problem:
            reason = f"a value is not of its column's type: {problem}"
            rejected.append(Rejected(table, reason, raw_json(row), row["capture_id"]))
        else:
            fitting.append(row)
    return pl.DataFrame(fitting, schema=schema, strict=True)


def _page_of(source: Source) -> PageFunction:
    if source.declared.shape == "liveness":
        return lambda documents, notes: liveness.page(source, documents)
    page: PageFunction = getattr(page_module(source.provider), source.name)
    return page
