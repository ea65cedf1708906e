"""The ledger, append-only: a source's snapshot is appended in one transaction.

Readers use warehouse/session.py. Where the tables are is a storage's affair (warehouse/storage).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import duckdb
import polars as pl

from warehouse.queries import load_query
from warehouse.schema import BY_NAME
from warehouse.storage import Storage
from warehouse.transaction import transaction


@dataclass(frozen=True)
class ScrapeRecord:
    """Everything one scrape adds to the ledger.

    `scrape` is the scrapes row; `frames` holds a frame for each table that gets rows: the accepted
    facts, captures, quarantine, incidents, findings, expectation_results, each with its table's schema.
    """

    scrape: Mapping[str, Any]
    frames: Mapping[str, pl.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class CurrentScrape:
    """The newest scrape of a (source, slot): its status and the parser that read it."""

    status: str
    parser_version: str


class Ledger:
    """The writer's handle on a storage; a context manager.

    Opening creates missing tables and views and migrates older ones. A data folder that has lost its ledger,
    or whose ledger is older than its published copy, is refused unless `checked` is false. Raises
    LedgerMissing, LedgerBehind, LedgerBusy, LedgerDamaged, LedgerNewer, LakeRefused, or OSError where the
    machine refuses.
    """

    def __init__(self, storage: Storage, *, checked: bool = True) -> None:
        self.storage = storage
        self._connection = storage.open_to_append(checked=checked)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, problem: type[BaseException] | None, *_: object) -> None:
        if problem is None:
            self.close()
            return
        # After a fatal error no statement works; what led to it is what the caller has to see.
        with suppress(duckdb.Error):
            self.close()

    def close(self) -> None:
        """Close the ledger, with everything written."""
        self.storage.close(self._connection)

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Run a query; the answer as a polars frame."""
        return self._cursor().execute(sql, parameters or {}).pl()

    def current_scrapes(self) -> dict[tuple[str, datetime], CurrentScrape]:
        """The current scrape of every (source, slot), else its newest."""
        rows = self._cursor().execute(load_query("current_scrape")).fetchall()
        return {
            (source, slot.astimezone(UTC)): CurrentScrape(status, version)
            for source, slot, status, version in rows
        }

    def last_good(self, source: str, before: datetime) -> dict[str, int]:
        """Rows by table of the source's last ok scrape before a slot; empty when there is none."""
        asked = {"source": source, "before": before}
        rows = self._cursor().execute(load_query("last_good"), asked).fetchall()
        return {table: count for table, count in rows if count}

    def append(self, record: ScrapeRecord) -> None:
        """Store one scrape, all of it or nothing."""
        self.append_all([record])

    def append_all(self, records: list[ScrapeRecord]) -> None:
        """Store several scrapes in one transaction."""
        with self._transaction() as cursor:
            for record in records:
                for table, frame in record.frames.items():
                    _insert(cursor, table, frame)
                schema = BY_NAME["scrapes"].polars()
                _insert(cursor, "scrapes", pl.DataFrame([dict(record.scrape)], schema=schema))

    def append_run(self, run: Mapping[str, Any]) -> None:
        """Store the row of a finished run."""
        self.append_rows("runs", [run])

    def append_rows(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Store rows that belong to no scrape, such as runs and the registry of providers."""
        with self._transaction() as cursor:
            _insert(cursor, table, pl.DataFrame(list(map(dict, rows)), schema=BY_NAME[table].polars()))

    def append_frames(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Store frames of several tables, many scrapes together, in one transaction."""
        with self._transaction() as cursor:
            for table, frame in frames.items():
                _insert(cursor, table, frame)

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        return self.storage.cursor(self._connection)

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with transaction(self._cursor()) as cursor:
            yield cursor


def _insert(cursor: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    if frame.height:
        cursor.register("incoming", frame.to_arrow())
        cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")  # noqa: S608  # nosec B608
        cursor.unregister("incoming")
