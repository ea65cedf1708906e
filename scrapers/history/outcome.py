"""Outcomes of records: a row, quarantine, a blank, or outside the mapping."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from expectations.compiler import EXPECTATION, REASON
from scrapers.history.readers import LINE

SLOT: Final = "@slot"
"""The column of the snapshot that a record belongs to."""
RECORD: Final = "record"
WRITTEN_LATER: Final = frozenset({"run_id", "source", "capture_id", "parser_version"})
"""Columns that whoever stores the rows fills in."""
_REFUSED: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    LINE: pl.Int64,
    "slot": pl.Datetime("us", "UTC"),
    "table_name": pl.String,
    EXPECTATION: pl.String,
    REASON: pl.String,
    RECORD: pl.String,
}
REFUSED: Final = pl.Schema(_REFUSED)


@dataclass
class ParsedBatch:
    """What a batch of records became.

    `rows` holds frames by table, each with its `line`; `refused` the rows for quarantine, whose slot is null
    where no time could be read. Of `records`, those `outside` became nothing; the others became `readings`
    (one for each price they have), and each of these is a row, refused, `missing` or `carried` forward.
    `findings` counts (kind, subject).
    """

    rows: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    refused: list[pl.DataFrame] = field(default_factory=list)
    records: int = 0
    outside: Counter[str] = field(default_factory=Counter)
    readings: int = 0
    missing: int = 0
    carried: int = 0
    findings: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def accepted(self) -> int:
        """Rows for the tables."""
        return sum(frame.height for frames in self.rows.values() for frame in frames)

    @property
    def rejected(self) -> int:
        """Rows for quarantine."""
        return sum(frame.height for frame in self.refused)


def refuse(
    frame: pl.DataFrame,
    raw: Sequence[str],
    table: str,
    expectation: str | pl.Expr,
    reason: str | pl.Expr,
    result: ParsedBatch,
) -> None:
    """Keep records for quarantine, each as it stands in the file, with its line."""
    if frame.is_empty():
        return
    record = pl.struct(pl.col(LINE), *(pl.col(name) for name in raw)).struct.json_encode()
    result.refused.append(
        frame.select(
            pl.col(LINE),
            pl.col(SLOT).alias("slot"),
            pl.lit(table).alias("table_name"),
            _words(expectation).alias(EXPECTATION),
            _words(reason).alias(REASON),
            record.alias(RECORD),
        )
    )


def _words(text: str | pl.Expr) -> pl.Expr:
    return pl.lit(text) if isinstance(text, str) else text
