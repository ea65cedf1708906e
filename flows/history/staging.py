"""Staging of an import: rows on disk, grouped by snapshot, before they are stored.

A file need not be in order of time, and a snapshot is stored whole: all rows are read before any is stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from scrapers.history.duplicates import split_duplicates
from scrapers.history.outcome import REFUSED, ParsedBatch
from scrapers.history.readers import LINE
from warehouse.schema import BY_NAME

Frames = dict[str, pl.DataFrame]


class Spool:
    """Rows by table in Parquet files of a folder; `counts` says how many each snapshot has."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: Counter[str] = Counter()
        self._unplaced: list[pl.DataFrame] = []
        self.counts: Counter[datetime] = Counter()

    def add(self, part: ParsedBatch) -> None:
        """Keep the rows of a batch."""
        for table, frames in part.rows.items():
            self._write(table, pl.concat(frames))
        if part.refused:
            refused = pl.concat(part.refused)
            self._unplaced.append(refused.filter(pl.col("slot").is_null()))
            self._write("quarantine", refused.filter(pl.col("slot").is_not_null()))

    def settle(self, otherwise: datetime) -> None:
        """Give the refused rows without a time a place: with the first snapshot, or `otherwise`."""
        unplaced = pl.concat([pl.DataFrame(schema=REFUSED), *self._unplaced])
        first = min(self.counts, default=otherwise)
        self._write("quarantine", unplaced.with_columns(pl.lit(first).dt.cast_time_unit("us").alias("slot")))
        self._unplaced = []

    def load(self, slots: Sequence[datetime]) -> Frames:
        """The rows of these snapshots by table, in the file's order."""
        frames = {}
        for table in self._files:
            lazy = pl.scan_parquet(self._folder / f"{table}-*.parquet")
            within = pl.col("slot").is_between(slots[0], slots[-1]) & pl.col("slot").is_in(list(slots))
            frames[table] = lazy.filter(within).collect().sort("slot", LINE, maintain_order=True)
        return frames

    def _write(self, table: str, frame: pl.DataFrame) -> None:
        if frame.is_empty():
            return
        self._files[table] += 1
        frame.write_parquet(self._folder / f"{table}-{self._files[table]}.parquet", compression="lz4")
        self.counts.update(dict(frame.group_by("slot").len().rows()))


def without_duplicates(frames: Frames) -> tuple[Frames, Counter[str]]:
    """The frames with one row a key, the others moved to quarantine, and how many by their kind."""
    counts: Counter[str] = Counter()
    kept: Frames = {}
    refused = [frames["quarantine"]] if "quarantine" in frames else []
    for table, frame in frames.items():
        if table == "quarantine":
            continue
        kept[table], duplicates, found = split_duplicates(frame, BY_NAME[table])
        if duplicates.height:
            refused.append(duplicates)
        counts += found
    if refused:
        kept["quarantine"] = pl.concat(refused)
    return kept, counts


def stamped(frame: pl.DataFrame, table: str, identity: Mapping[str, str]) -> pl.DataFrame:
    """The frame with what every row of the import shares, in the table's order of columns."""
    types = BY_NAME[table].polars()
    known = {name: pl.lit(value) for name, value in identity.items() if name in types}
    return frame.with_columns(**known).select(name for name in types if name in {*frame.columns, *known})


def scrapes_of(
    frames: Mapping[str, pl.DataFrame], slots: list[datetime], identity: Mapping[str, str], started: datetime
) -> pl.DataFrame:
    """The rows of scrapes for these snapshots, whose rows by table are `frames`."""
    counts: dict[str, Counter[datetime]] = {"accepted": Counter(), "refused": Counter()}
    for table, frame in frames.items():
        kind = "refused" if table == "quarantine" else "accepted"
        counts[kind].update(dict(frame.group_by("slot").len().rows()))
    rows: list[dict[str, Any]] = []
    for slot in slots:
        accepted, refused = counts["accepted"][slot], counts["refused"][slot]
        rows.append(
            {
                **{name: identity[name] for name in ("run_id", "source", "parser_version")},
                "provider": "history",
                "slot": slot,
                "started_at": started,
                "finished_at": datetime.now(UTC),
                "status": "ok" if accepted else "failed",
                "error": None if accepted else f"all {refused} rows were refused",
                "rows_parsed": accepted + refused,
                "rows_accepted": accepted,
                "rows_quarantined": refused,
                "capture_ids": [identity["capture_id"]],
            }
        )
    return pl.DataFrame(rows, schema=BY_NAME["scrapes"].polars())
