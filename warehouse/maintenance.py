"""Maintenance of a ledger file: backup and compaction, proved by checksum.

The caller holds the lock of the data folder. Whatever is written is written elsewhere and swapped in, so that
an end at any point leaves the ledger as it was.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from warehouse.atomic import put_database, scratch
from warehouse.checksums import checksums
from warehouse.data_folder import BACKUPS, LEDGER_FILE, LedgerMissing, refuse_without_ledger
from warehouse.ddl import SORTED
from warehouse.errors import GpuledgerError, LedgerDamaged
from warehouse.ledger_file import FORMAT, make_ledger, publish_copy
from warehouse.queries import load_query
from warehouse.text_safety import quoted


class NoRoom(GpuledgerError):
    """The disk has too little room; the message says how much is wanted and where."""


@dataclass(frozen=True)
class Compaction:
    """The size of the ledger in bytes before and after, and how many rows it holds."""

    before: int
    after: int
    rows: int


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
        put_database(copy, target)
    return target


def compact(home: Path) -> Compaction:
    """Write the ledger anew, each month's rows sorted, and publish it.

    Raises LedgerDamaged when the new file does not hold the same rows; the ledger then stays as it is.
    """
    _tidy(home)
    path = home / LEDGER_FILE
    before = path.stat().st_size
    refuse_without_room(home, before)
    with scratch(home, "compact") as aside:
        fresh = aside / LEDGER_FILE
        _write_sorted(path, fresh)
        # The new file has the tables only; opening it as a ledger makes the views and the comments.
        make_ledger(aside)
        held = checksums(fresh)
        if held != checksums(path):
            raise LedgerDamaged(f"compacting {path} would have changed rows; it was left as it is")
        put_database(fresh, path)
    publish_copy(home)
    return Compaction(before, path.stat().st_size, sum(rows for rows, _ in held.values()))


def refuse_without_room(folder: Path, bytes_wanted: int) -> None:
    """Raise NoRoom where a folder's disk has less room than is wanted."""
    free = shutil.disk_usage(folder).free
    if free < bytes_wanted:
        said = f"{folder} has {free / 1e9:.1f} GB free and {bytes_wanted / 1e9:.1f} GB are wanted"
        raise NoRoom(said, advice="free some space, then start the command again")


def _tidy(home: Path) -> None:
    refuse_without_ledger(home)
    if not (home / LEDGER_FILE).exists():
        raise LedgerMissing(f"there is no {home / LEDGER_FILE}", advice="run `gpuledger nightly` first")
    make_ledger(home)


def _write_sorted(path: Path, fresh: Path) -> None:
    with duckdb.connect(str(fresh), config=FORMAT) as connection:
        connection.execute(f"ATTACH {quoted(str(path))} AS old (READ_ONLY)")
        connection.execute("SET TimeZone = 'UTC'")
        for name, definition in connection.execute(load_query("table_definitions")).fetchall():
            connection.execute(definition)
            # Within a month, so that a month can be read alone.
            columns = ("date_trunc('month', slot)", *SORTED[name]) if name in SORTED else ()
            order = f"ORDER BY {', '.join(columns)}" if columns else ""
            connection.execute(f"INSERT INTO {name} SELECT * FROM old.{name} {order}")  # noqa: S608
        connection.execute("CHECKPOINT")
