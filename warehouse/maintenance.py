"""Maintenance of the ledger: backups, checksums, and compaction without a changed row.

The caller holds the lock of the data folder. Whatever is written is written elsewhere and swapped in, so that
an end at any point leaves the ledger as it was.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from warehouse.atomic import scratch, swap
from warehouse.data_folder import BACKUPS, LedgerMissing, refuse_without_ledger
from warehouse.ddl import SORTED
from warehouse.errors import GpuledgerError
from warehouse.ledger import LEDGER_FILE, STORAGE, Ledger, LedgerDamaged, publish
from warehouse.queries import load_query
from warehouse.storage.lake import KEPT, NAME, Lake
from warehouse.text_safety import first_line, quoted


class NoRoom(GpuledgerError):
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
            tables = [name for (name,) in connection.execute(load_query("tables")).fetchall()]
            return {table: checksum(connection, table) for table in tables}
    except duckdb.IOException as problem:
        raise LedgerDamaged(f"{place} cannot be read: {first_line(problem)}") from problem


def backup(home: Path, now: datetime, to: Path | None = None) -> Path:
    """Copy the ledger into a folder, by default backups/ of the data folder; returns the copy.

    The archive (raw/) is not copied: its files never change, so whatever copies folders keeps it. Raises
    LedgerMissing, LedgerDamaged, LedgerBusy or NoRoom.
    """
    folder = to or home / BACKUPS
    folder.mkdir(parents=True, exist_ok=True)
    _tidy(home)
    refuse_without_room(folder, (home / LEDGER_FILE).stat().st_size)
    target = folder / f"ledger-{now:%Y%m%dT%H%M%SZ}.duckdb"
    with scratch(folder, "backup") as aside:
        copy = Path(shutil.copyfile(home / LEDGER_FILE, aside / LEDGER_FILE))
        checksums(copy)
        swap(copy, target)
    return target


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
    refuse_without_room(home, before)
    with scratch(home, "compact") as aside:
        fresh = aside / LEDGER_FILE
        _write_sorted(path, fresh)
        # The new file has the tables only; opening it as a ledger makes the views and the comments.
        with Ledger(aside):
            pass
        held = checksums(fresh)
        if held != checksums(path):
            raise LedgerDamaged(f"compacting {path} would have changed rows; it was left as it is")
        swap(fresh, path)
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
    refuse_without_ledger(home)
    if not (home / LEDGER_FILE).exists():
        raise LedgerMissing(f"there is no {home / LEDGER_FILE}: run `gpuledger nightly` first")
    with Ledger(home):
        pass


def _write_sorted(path: Path, fresh: Path) -> None:
    with duckdb.connect(str(fresh), config=STORAGE) as connection:
        connection.execute(f"ATTACH {quoted(str(path))} AS old (READ_ONLY)")
        connection.execute("SET TimeZone = 'UTC'")
        for name, definition in connection.execute(load_query("table_definitions")).fetchall():
            connection.execute(definition)
            # Within a month, so that a month can be read alone.
            columns = ("date_trunc('month', slot)", *SORTED[name]) if name in SORTED else ()
            order = f"ORDER BY {', '.join(columns)}" if columns else ""
            connection.execute(f"INSERT INTO {name} SELECT * FROM old.{name} {order}")  # noqa: S608
        connection.execute("CHECKPOINT")


def refuse_without_room(folder: Path, bytes_wanted: int) -> None:
    """Raise NoRoom where a folder's disk has less room than is wanted."""
    free = shutil.disk_usage(folder).free
    if free < bytes_wanted:
        raise NoRoom(f"{folder} has {free / 1e9:.1f} GB free and {bytes_wanted / 1e9:.1f} GB are wanted")


def checksum(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, int]:
    """Rows of one table of the database in use, and the sum of their hashes by the names of its columns."""
    # Names come from the file's own catalogue. Neither the order of rows nor that of columns counts: a column
    # that an upgrade added comes last there, and in its own place in a new file.
    columns = sorted(name for (name,) in connection.execute(load_query("columns"), [table]).fetchall())
    hashed = f"hash({', '.join(columns)})"
    asked = f"SELECT count(*), coalesce(sum({hashed}), 0)::VARCHAR FROM {table}"  # noqa: S608
    ((rows, total),) = connection.execute(asked).fetchall()
    return int(rows), int(total)
