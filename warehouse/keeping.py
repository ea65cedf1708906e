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

from warehouse.ledger import LEDGER_FILE, Ledger, LedgerDamaged, publish
from warehouse.queries import question

BACKUPS: Final = "backups"
# Rows of one thing beside each other compress best; within a month, so that a month can be read alone.
_ORDER: Final = {
    "captures": "date_trunc('month', slot), source, url, slot",
    "scrapes": "date_trunc('month', slot), source, slot",
    "offers": "date_trunc('month', slot), source, pricing_model, offer_key, slot",
    "plans": "date_trunc('month', slot), source, plan, slot",
    "terms": "date_trunc('month', slot), source, tier, term, slot",
    "utilisation": "date_trunc('month', slot), source, gpu_as_shown, slot",
    "expectation_results": "date_trunc('month', slot), source, table_name, expectation, slot",
}


class NoRoom(OSError):
    """The disk has too little room; the message says how much is wanted and where."""


@dataclass(frozen=True)
class Compaction:
    """The size of the ledger in bytes before and after, and how many rows it holds."""

    before: int
    after: int
    rows: int


def checksums(path: Path) -> dict[str, tuple[int, int]]:
    """Rows of every table of a DuckDB file and the sum of their hashes, whatever their order."""
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = [name for (name,) in connection.execute(question("tables")).fetchall()]
        return {table: _checksum(connection, table) for table in tables}


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
        former = _put_aside(home, now)
        _move(workshop / LEDGER_FILE, home / LEDGER_FILE)
    publish(home)
    return former


def compact(home: Path) -> Compaction:
    """Write the ledger anew, each month's rows sorted, and publish it.

    Raises LedgerDamaged when the new file does not hold the same rows; the ledger then stays as it is.
    """
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


def _tidy(home: Path) -> None:
    """Open and close the ledger, so that everything is in its one file and of today's schema."""
    if not (home / LEDGER_FILE).exists():
        raise LedgerDamaged(f"there is no {home / LEDGER_FILE}")
    with Ledger(home):
        pass


def _write_sorted(path: Path, fresh: Path) -> None:
    with duckdb.connect(str(fresh)) as connection:
        connection.execute(f"ATTACH '{_quoted(path)}' AS old (READ_ONLY)")
        connection.execute("SET TimeZone = 'UTC'")
        for name, definition in connection.execute(question("table_definitions")).fetchall():
            connection.execute(definition)
            order = f"ORDER BY {_ORDER[name]}" if name in _ORDER else ""
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


def _checksum(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, int]:
    # The name comes from the file's own catalogue; sums of hashes do not depend on the order of rows.
    asked = f"SELECT count(*), coalesce(sum(hash({table})), 0)::VARCHAR FROM {table}"  # noqa: S608
    ((rows, total),) = connection.execute(asked).fetchall()
    return int(rows), int(total)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
