"""Keeping the ledger: copies of it, back from a copy, and packed smaller without a changed row.

The caller sees to it that no run writes meanwhile. Whatever is written is written elsewhere and moved into
place, so that an end at any point leaves the ledger as it was.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb

from warehouse.derive import SORTED
from warehouse.lake import KEPT, NAME, Lake
from warehouse.ledger import LEDGER_FILE, STORAGE, Ledger, LedgerDamaged, publish
from warehouse.plain import first_line, quoted
from warehouse.queries import question

BACKUPS: Final = "backups"


class NoRoom(OSError):
    """The disk has too little room; the message says how much is wanted and where."""


@dataclass(frozen=True)
class Compaction:
    """The size of the ledger in bytes before and after, and how many rows it holds."""

    before: int
    after: int
    rows: int


def checksums(place: Path | Lake) -> dict[str, tuple[int, int]]:
    """Rows of every table of a DuckDB file or a lake and the sum of their hashes, whatever their order.

    Raises LedgerDamaged where it cannot be read to its end.
    """
    try:
        with _opened(place) as connection:
            tables = [name for (name,) in connection.execute(question("tables")).fetchall()]
            return {table: checksum(connection, table) for table in tables}
    except duckdb.IOException as problem:
        raise LedgerDamaged(f"{place} cannot be read: {first_line(problem)}") from problem


def backup(home: Path, now: datetime, to: Path | None = None) -> Path:
    """Copy the ledger into a folder, by default backups/ of the data folder; returns the copy.

    The archive (raw/) is not copied: its files never change, so whatever copies folders keeps it. Raises
    LedgerDamaged, LedgerBusy or NoRoom.
    """
    folder = to or home / BACKUPS
    folder.mkdir(parents=True, exist_ok=True)
    _tidy(home)
    _want_room(folder, (home / LEDGER_FILE).stat().st_size)
    target = folder / f"ledger-{now:%Y%m%dT%H%M%SZ}.duckdb"
    with _workshop(folder) as workshop:
        copy = Path(shutil.copyfile(home / LEDGER_FILE, workshop / LEDGER_FILE))
        checksums(copy)
        _move(copy, target)
    return target


def restore(home: Path, copy: Path, now: datetime) -> Path | None:
    """Put a copy in the ledger's place and publish it; returns where the former one is kept, if any.

    Raises LedgerDamaged for a file that is no ledger, and LedgerNewer for one of a newer gpuledger; the
    ledger then stays as it is.
    """
    home.mkdir(parents=True, exist_ok=True)
    _want_room(home, copy.stat().st_size)
    with _workshop(home) as workshop:
        shutil.copyfile(copy, workshop / LEDGER_FILE)
        with Ledger(workshop) as ledger:
            if ledger.query("SELECT count(*) FROM scrapes").item() == 0:
                raise LedgerDamaged(f"{copy} holds no scrape, so it is no copy of a ledger")
        checksums(workshop / LEDGER_FILE)
        former = _put_aside(home, now)
        _move(workshop / LEDGER_FILE, home / LEDGER_FILE)
    publish(home)
    return former


def compact(place: Path | Lake, now: datetime) -> Compaction:
    """Write the ledger anew, each month's rows sorted, and publish it.

    Of a lake, whose other writers go on meanwhile, small files become large ones; what they replace goes
    when no reader can want it any more. Raises LedgerDamaged when a new file does not hold the same rows; the
    ledger then stays as it is.
    """
    return _compact_lake(place, now) if isinstance(place, Lake) else _compact_file(place)


def _compact_file(home: Path) -> Compaction:
    _tidy(home)
    path = home / LEDGER_FILE
    before = path.stat().st_size
    _want_room(home, before)
    with _workshop(home) as workshop:
        fresh = workshop / LEDGER_FILE
        _write_sorted(path, fresh)
        # The new file has the tables only; opening it as a ledger makes the views and the comments.
        with Ledger(workshop):
            pass
        held = checksums(fresh)
        if held != checksums(path):
            raise LedgerDamaged(f"compacting {path} would have changed rows; it was left as it is")
        _move(fresh, path)
    publish(home)
    return Compaction(before, path.stat().st_size, sum(rows for rows, _ in held.values()))


def _compact_lake(lake: Lake, now: datetime) -> Compaction:
    with lake.open() as connection:
        before = _bytes_of(connection)
        # What lies in the catalog becomes files and small files large ones before old ones go.
        for step in ("flush_inlined_data", "merge_adjacent_files"):
            connection.execute(f"CALL ducklake_{step}('{NAME}')")
        old = f"older_than => TIMESTAMPTZ '{(now - KEPT).isoformat()}'"
        for step in ("expire_snapshots", "cleanup_old_files", "delete_orphaned_files"):
            connection.execute(f"CALL ducklake_{step}('{NAME}', {old})")
        after = _bytes_of(connection)
    return Compaction(before, after, sum(rows for rows, _ in checksums(lake).values()))


def _bytes_of(connection: duckdb.DuckDBPyConnection) -> int:
    """The size of the files that a lake's tables consist of now."""
    asked = f"SELECT coalesce(sum(file_size_bytes), 0)::BIGINT FROM ducklake_table_info('{NAME}')"  # noqa: S608
    ((size,),) = connection.execute(asked).fetchall()
    return int(size)


def _opened(place: Path | Lake) -> duckdb.DuckDBPyConnection:
    if isinstance(place, Lake):
        return place.open(read_only=True)
    return duckdb.connect(str(place), read_only=True)


def _tidy(home: Path) -> None:
    """Open and close the ledger, so that everything is in its one file and of today's schema."""
    if not (home / LEDGER_FILE).exists():
        raise LedgerDamaged(f"there is no {home / LEDGER_FILE}")
    with Ledger(home):
        pass


def _write_sorted(path: Path, fresh: Path) -> None:
    with duckdb.connect(str(fresh), config=STORAGE) as connection:
        connection.execute(f"ATTACH {quoted(str(path))} AS old (READ_ONLY)")
        connection.execute("SET TimeZone = 'UTC'")
        for name, definition in connection.execute(question("table_definitions")).fetchall():
            connection.execute(definition)
            # Within a month, so that a month can be read alone.
            columns = ("date_trunc('month', slot)", *SORTED[name]) if name in SORTED else ()
            order = f"ORDER BY {', '.join(columns)}" if columns else ""
            connection.execute(f"INSERT INTO {name} SELECT * FROM old.{name} {order}")  # noqa: S608
        connection.execute("CHECKPOINT")


def _put_aside(home: Path, now: datetime) -> Path | None:
    ledger, log = home / LEDGER_FILE, home / f"{LEDGER_FILE}.wal"
    former = home / BACKUPS / f"ledger-before-restore-{now:%Y%m%dT%H%M%SZ}.duckdb"
    former.parent.mkdir(exist_ok=True)
    if log.exists():
        log.replace(former.with_name(f"{former.name}.wal"))
    if not ledger.exists():
        return None
    ledger.replace(former)
    return former


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """A folder below another one for what is not whole yet."""
    workshop = folder / f".ledger.{os.getpid()}"
    workshop.mkdir()
    try:
        yield workshop
    finally:
        shutil.rmtree(workshop)


def _move(whole: Path, target: Path) -> None:
    """Put a finished file in its place, once it is on disk."""
    with whole.open("rb") as written:
        os.fsync(written.fileno())
    whole.replace(target)


def _want_room(folder: Path, bytes_wanted: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < bytes_wanted:
        raise NoRoom(f"{folder} has {free / 1e9:.1f} GB free and {bytes_wanted / 1e9:.1f} GB are wanted")


def checksum(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, int]:
    """Rows of one table and the sum of their hashes."""
    # The name comes from the file's own catalogue; sums of hashes do not depend on the order of rows.
    asked = f"SELECT count(*), coalesce(sum(hash({table})), 0)::VARCHAR FROM {table}"  # noqa: S608
    ((rows, total),) = connection.execute(asked).fetchall()
    return int(rows), int(total)
