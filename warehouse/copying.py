"""Copy a whole ledger into an empty place: out of a data folder into a lake, and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb

from warehouse.keeping import checksum
from warehouse.lake import NAME, Lake
from warehouse.ledger import LEDGER_FILE, Ledger, LedgerDamaged, publish
from warehouse.plain import quoted
from warehouse.schema import TABLES

_FILE: Final = "file"
Told = Callable[[str, int], None]


class CopyRefused(ValueError):
    """The ledger cannot be copied there; the message says why."""


def copy(source: Path | Lake, target: Path | Lake, told: Told = lambda _table, _rows: None) -> int:
    """Copy every row of a ledger into an empty place and publish the copy; returns how many there are.

    A Path is a data folder; of the two places one is a lake. Everything is copied or nothing: a table whose
    checksum comes out otherwise ends it. `told` hears of each table and its rows. The archive is not copied.
    Raises CopyRefused or LedgerDamaged.
    """
    if isinstance(source, Lake) == isinstance(target, Lake):
        raise CopyRefused("copy a data folder into a lake, or a lake into a data folder")
    if isinstance(source, Path) and not (source / LEDGER_FILE).exists():
        raise CopyRefused(f"there is no {source / LEDGER_FILE} to copy")
    # Opening brings both to the schema of today.
    with Ledger(source):
        pass
    with Ledger(target) as ledger:
        if ledger.query("SELECT count(*) FROM scrapes").item():
            raise CopyRefused(f"{target} holds scrapes already; copy into an empty place")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        _attach(connection, source, read_only=True)
        _attach(connection, target)
        taken, given = (NAME, _FILE) if isinstance(source, Lake) else (_FILE, NAME)
        connection.execute("BEGIN")
        rows = sum(_table(connection, taken, given, table.name, told) for table in TABLES)
        connection.execute("COMMIT")
    publish(target)
    return rows


def _attach(connection: duckdb.DuckDBPyConnection, place: Path | Lake, *, read_only: bool = False) -> None:
    if isinstance(place, Lake):
        place.attach(connection, read_only=read_only)
    else:
        options = " (READ_ONLY)" if read_only else ""
        connection.execute(f"ATTACH {quoted(str(place / LEDGER_FILE))} AS {_FILE}{options}")


def _table(connection: duckdb.DuckDBPyConnection, taken: str, given: str, table: str, told: Told) -> int:
    # A new ledger says since when it has its schema; its copy says what the other one does.
    connection.execute(f"DELETE FROM {given}.{table}")  # noqa: S608
    connection.execute(f"INSERT INTO {given}.{table} BY NAME SELECT * FROM {taken}.{table}")  # noqa: S608
    sums = []
    for place in (taken, given):
        connection.execute(f"USE {place}")
        sums.append(checksum(connection, table))
    if sums[0] != sums[1]:
        raise LedgerDamaged(f"copying {table} would have changed its rows; nothing was copied")
    (rows, _), _ = sums
    told(table, rows)
    return rows
