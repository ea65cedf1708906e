"""Copy a whole ledger into an empty place: out of a data folder into a lake, and back.

A copy is there completely or not at all. In a data folder it is made aside and swapped in. On a lake tables,
views and rows are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from warehouse.atomic import scratch, swap
from warehouse.data_folder import refuse_without_ledger, scrapes_in
from warehouse.errors import GpuledgerError
from warehouse.ledger import LEDGER_FILE, WAREHOUSE_FILE, Ledger, LedgerDamaged, publish
from warehouse.maintenance import checksum
from warehouse.migrations import bring_up_to_date, is_up_to_date, steps
from warehouse.queries import load_query
from warehouse.schema import TABLES
from warehouse.storage.lake import NAME, Lake, lake_statements
from warehouse.text_safety import first_line, quoted

_FILE: Final = "file"
Told = Callable[[str, int], None]


class CopyRefused(GpuledgerError):
    """The ledger cannot be copied there; the message says why."""


class CopyFailed(GpuledgerError):
    """The copy broke off; the message says why, and what is at the target now."""


def copy(source: Path | Lake, target: Path | Lake, told: Told = lambda _table, _rows: None) -> int:
    """Copy every row of a ledger into an empty place and publish the copy; returns how many there are.

    A Path is a data folder; of the two places one is a lake. Everything is copied or nothing: a table whose
    checksum comes out otherwise ends it. `told` hears of each table and its rows. The archive is not copied.
    Raises CopyRefused, CopyFailed or LedgerDamaged.
    """
    if isinstance(source, Lake) and isinstance(target, Path):
        _open_source(source)
        return _out_of_lake(source, target, told)
    if isinstance(source, Path) and isinstance(target, Lake):
        refuse_without_ledger(source)
        if not (source / LEDGER_FILE).exists():
            raise CopyRefused(f"there is no {source / LEDGER_FILE} to copy")
        _open_source(source)
        return _into_lake(source, target, told)
    raise CopyRefused("copy a data folder into a lake, or a lake into a data folder")


def _open_source(place: Path | Lake) -> None:
    """Bring the source to the schema of today; a file gets all that is in its log."""
    with Ledger(place):
        pass


def _out_of_lake(source: Lake, target: Path, told: Told) -> int:
    _refuse_scrapes(target, max(scrapes_in(target / name) or 0 for name in (LEDGER_FILE, WAREHOUSE_FILE)))
    with scratch(target, "copy") as folder, _all_or_nothing(target):
        with Ledger(folder):
            pass
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            source.attach(connection, read_only=True)
            connection.execute(f"ATTACH {quoted(str(folder / LEDGER_FILE))} AS {_FILE}")
            connection.execute("BEGIN")
            rows = _tables(connection, NAME, _FILE, told)
            connection.execute("COMMIT")
        swap(folder / LEDGER_FILE, target / LEDGER_FILE)
    publish(target)
    return rows


def _into_lake(source: Path, target: Lake, told: Told) -> int:
    with duckdb.connect() as connection, _all_or_nothing(target):
        target.attach(connection)
        connection.execute(f"ATTACH {quoted(str(source / LEDGER_FILE))} AS {_FILE} (READ_ONLY)")
        connection.execute(f"USE {NAME}")
        connection.execute("BEGIN")
        if "scrapes" in {name for (name,) in connection.execute(load_query("tables")).fetchall()}:
            ((scrapes,),) = connection.execute("SELECT count(*) FROM scrapes").fetchall()
            _refuse_scrapes(target, scrapes)
        if not is_up_to_date(connection, steps()):
            bring_up_to_date(connection, steps())
            for statement in lake_statements(connection):
                connection.execute(statement)
        rows = _tables(connection, _FILE, NAME, told)
        _commit(connection, target)
    return rows


def _refuse_scrapes(target: Path | Lake, scrapes: int) -> None:
    if scrapes:
        raise CopyRefused(f"{target} holds scrapes already; copy into an empty place")


@contextmanager
def _all_or_nothing(target: Path | Lake) -> Iterator[None]:
    """Say of an error in the block that nothing was copied, as is known of every one before the commit."""
    try:
        yield
    except (duckdb.Error, OSError) as problem:
        why = first_line(problem)
        raise CopyFailed(f"{why}; nothing was copied into {target}: fix it and copy again") from problem


def _commit(connection: duckdb.DuckDBPyConnection, target: Lake) -> None:
    try:
        connection.execute("COMMIT")
    except duckdb.Error as problem:
        unknown = f"whether {target} took the copy is not known: copy again, which is refused where it did"
        raise CopyFailed(f"{first_line(problem)}; {unknown}") from problem


def _tables(connection: duckdb.DuckDBPyConnection, taken: str, given: str, told: Told) -> int:
    return sum(_table(connection, taken, given, table.name, told) for table in TABLES)


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
