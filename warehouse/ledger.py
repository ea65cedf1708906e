"""The ledger: append one source's snapshot in one transaction, publish a read-only copy.

In a data folder only a run opens `ledger.duckdb`; while it is open no other process can read it. Users read
`warehouse.duckdb`, a copy that is swapped in whole, so that it opens at any moment. A lake is written by many
and read as it is: every commit of it is published.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

import duckdb
import polars as pl

from warehouse import data_folder
from warehouse.atomic import clear, scratch, swap
from warehouse.data_folder import dissolve_links, refuse_behind, refuse_loss, refuse_without_ledger
from warehouse.errors import GpuledgerError
from warehouse.machine_errors import refused_by_machine
from warehouse.migrations import bring_up_to_date, is_up_to_date, steps
from warehouse.queries import load_query
from warehouse.schema import BY_NAME
from warehouse.session import inherit_comments, make_views
from warehouse.spill import bound
from warehouse.storage.lake import NAME, Lake, LakeRefused, lake_statements, patiently
from warehouse.stray_log import alone, report_stray_logs
from warehouse.text_safety import first_line, quoted
from warehouse.views import view_statements

LEDGER_FILE: Final = data_folder.LEDGER
WAREHOUSE_FILE: Final = data_folder.WAREHOUSE
STORAGE: Final[dict[str, str | bool | int | float | list[str]]] = {"storage_compatibility_version": "v1.3.0"}
"""The form of a new file: a tenth smaller than the oldest one, and DuckDB 1.3 (May 2025) can read it."""


class LedgerBusy(GpuledgerError):
    """Another program has the ledger open."""


class LedgerDamaged(GpuledgerError):
    """The ledger file cannot be opened as one."""


class WarehouseDamaged(GpuledgerError):
    """The published copy cannot be read."""


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
    """The writer's handle on the ledger of a data folder or a lake; a context manager.

    Opening creates missing tables and views and migrates older ones. A data folder that has lost its ledger,
    or whose ledger is older than its published copy, is refused unless `checked` is false. Raises
    LedgerMissing, LedgerBehind, LedgerBusy, LedgerDamaged, LedgerNewer, LakeRefused, or OSError where the
    machine refuses.
    """

    def __init__(self, place: Path | Lake, *, checked: bool = True) -> None:
        self.place = place
        self._checked = checked
        if checked and isinstance(place, Path):
            refuse_without_ledger(place)
        self._connection = _connect(place)

    def __enter__(self) -> Self:
        try:
            if isinstance(self.place, Lake):
                patiently(self._make_lake)
            else:
                self._make()
                if self._checked:
                    refuse_behind(self.place, self._scrapes())
                # Only one process at a time has the ledger open.
                clear(self.place)
                dissolve_links(self.place)
        except BaseException as problem:
            self._connection.close()
            # DuckDB reads what it knows of a table when it first needs it.
            if isinstance(problem, duckdb.IOException) and isinstance(self.place, Path):
                raise _why_not(self.place, problem) from problem
            raise
        return self

    def __exit__(self, problem: type[BaseException] | None, *_: object) -> None:
        if problem is None:
            self.close()
            return
        # After a fatal error no statement works; what led to it is what the caller has to see.
        with suppress(duckdb.Error):
            self.close()

    def close(self) -> None:
        """Let the ledger go, a file with everything written into it."""
        try:
            if not isinstance(self.place, Lake):
                self._connection.execute("CHECKPOINT")
        finally:
            self._connection.close()

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Run a query; the answer as a polars frame."""
        return self._cursor().execute(sql, parameters or {}).pl()

    def settled(self) -> dict[tuple[str, datetime], CurrentScrape]:
        """What stands for every (source, slot): its current scrape, else its newest."""
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

    def _scrapes(self) -> int:
        ((scrapes,),) = self._cursor().execute("SELECT count(*) FROM scrapes").fetchall()
        return int(scrapes)

    def _make(self) -> None:
        with self._transaction() as cursor:
            bring_up_to_date(cursor, steps())
            for statement in view_statements():
                cursor.execute(statement)
            inherit_comments(cursor)

    def _make_lake(self) -> None:
        """Make tables and views, unless they are those of today: making them disturbs others that write."""
        with self._transaction() as cursor:
            if not is_up_to_date(cursor, steps()):
                bring_up_to_date(cursor, steps())
                for statement in lake_statements(cursor):
                    cursor.execute(statement)

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor = self._connection.cursor()
        if isinstance(self.place, Lake):
            # What a connection uses is its own affair, and a cursor is a connection.
            cursor.execute(f"USE {NAME}")
        return cursor

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._cursor()
        cursor.execute("BEGIN")
        try:
            yield cursor
        except BaseException:
            # After a fatal error, or one that has ended the transaction, there is nothing to roll back.
            with suppress(duckdb.Error):
                cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")


def publish(place: Path | Lake, *, replace: bool = False) -> Path | Lake:
    """Copy the ledger to warehouse.duckdb and swap it in; readers see the old or the new, never half.

    The copy is read only (0444), and a log that another program left beside the former one is removed. The
    ledger must be closed: copying a DuckDB file inside the process that holds it drops its lock. A lake needs
    no copy. Returns what `read_warehouse` opens. Raises LedgerBehind, unless `replace` is set, where scrapes
    of the published copy would be lost.
    """
    if isinstance(place, Lake):
        return place
    target = place / WAREHOUSE_FILE
    with scratch(place, "publish") as folder:
        fresh = Path(shutil.copyfile(place / LEDGER_FILE, folder / WAREHOUSE_FILE))
        if not replace:
            refuse_loss(place, fresh)
        swap(fresh, target, read_only=True)
    return target


def read_warehouse(
    warehouse: Path | Lake,
    at: datetime | None = None,
    kept: Collection[str] = (),
    settled: Path | None = None,
) -> duckdb.DuckDBPyConnection:
    """Open what is published for reading: no writing, no files, no extensions, no settings changed.

    With `at`, an aware datetime, everything is as it stood then. Views named in `kept` are worked out once;
    what views say of days that are over is kept in the folder `settled` and read there. A lake is read as it
    stands when it is opened. Raises WarehouseDamaged or LakeRefused.
    """
    connection = open_warehouse(warehouse, at, kept, settled)
    readable = [f"{settled.resolve()}/"] if settled else []
    if isinstance(warehouse, Lake):
        readable.append(warehouse.files(connection))
    connection.execute(f"SET allowed_directories = [{', '.join(map(quoted, readable))}]")
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def open_warehouse(
    warehouse: Path | Lake,
    at: datetime | None = None,
    kept: Collection[str] = (),
    settled: Path | None = None,
) -> duckdb.DuckDBPyConnection:
    """As `read_warehouse`, with nothing locked: for what writes files, and never for a user's question."""
    if isinstance(warehouse, Lake):
        connection = warehouse.open(read_only=True)
        bound(connection)
        # A lake keeps no comments on the columns of its views, and the data page shows them.
        try:
            make_views(connection, NAME, at, kept, settled)
        except duckdb.CatalogException as problem:
            connection.close()
            said = f"{warehouse} has no ledger yet, or one of another version ({first_line(problem)})"
            raise LakeRefused(f"{said}: `gpuledger publish` brings it up to date") from problem
        return connection
    own_memory = bool(at or kept)
    report_stray_logs(warehouse)
    try:
        with alone(warehouse) as path:
            connection = duckdb.connect("" if own_memory else str(path), read_only=not own_memory)
            if own_memory:
                connection.execute(f"ATTACH {quoted(str(path))} AS stored (READ_ONLY)")
    except duckdb.Error as problem:
        said = f"{warehouse} cannot be read ({first_line(problem)}); {data_folder.anew(warehouse.parent)}"
        raise WarehouseDamaged(said) from problem
    connection.execute("SET TimeZone = 'UTC'")
    bound(connection)
    if own_memory:
        make_views(connection, "stored", at, kept, settled)
    return connection


def _connect(place: Path | Lake) -> duckdb.DuckDBPyConnection:
    if isinstance(place, Lake):
        return place.open()
    place.mkdir(parents=True, exist_ok=True)
    path = place / LEDGER_FILE
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    try:
        connection = duckdb.connect(str(path), config=STORAGE)
    except duckdb.IOException as problem:
        if "Could not set lock" in str(problem):
            said = f"another program has {path.name} open ({first_line(problem)}); close it and run again"
            raise LedgerBusy(said) from problem
        raise _why_not(place, problem) from problem
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _why_not(home: Path, problem: duckdb.Error) -> Exception:
    """The error for a ledger that DuckDB could not open: the machine's, or that it is damaged."""
    path = home / LEDGER_FILE
    if number := refused_by_machine(problem):
        return OSError(number, os.strerror(number), str(path))
    why = first_line(problem)
    return LedgerDamaged(f"{path} cannot be opened as a ledger: {why}; {data_folder.way_back(home)}")


def _insert(cursor: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    if frame.height:
        cursor.register("incoming", frame.to_arrow())
        cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")  # noqa: S608  # nosec B608
        cursor.unregister("incoming")
