"""Transfer of a whole ledger into an empty folder or lake, proved by checksum.

A copy is there completely or not at all. In a data folder it is made aside and swapped in. On a lake tables,
views and rows are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb

from warehouse.checksums import checksum
from warehouse.errors import CopyFailed, CopyRefused, LedgerDamaged
from warehouse.schema import TABLES
from warehouse.storage import Storage
from warehouse.text_safety import first_line

Told = Callable[[str, int], None]


def copy(source: Storage, target: Storage, told: Told = lambda _table, _rows: None) -> int:
    """Copy every row of a ledger into an empty place and publish the copy; returns how many there are.

    Everything is copied or nothing: a table whose checksum comes out otherwise ends it. `told` hears of each
    table and its rows. The archive is not copied. Raises CopyRefused, CopyFailed or LedgerDamaged.
    """
    if source.attached_as == target.attached_as:
        # One connection has both attached, each under its own name.
        raise CopyRefused("copy a data folder into a lake, or a lake into a data folder")
    source.check_ledger()
    if not source.has_ledger:
        raise CopyRefused(f"there is no ledger in {source} to copy")
    # A file gets all that is in its log.
    source.make()
    with _all_or_nothing(target), target.receiving(source) as connection:
        rows = sum(_table(connection, source, target, table.name, told) for table in TABLES)
    target.publish()
    return rows


@contextmanager
def _all_or_nothing(target: Storage) -> Iterator[None]:
    """Say of an error in the block that nothing was copied, as is known of every one before the commit."""
    try:
        yield
    except (duckdb.Error, OSError) as problem:
        said = f"{first_line(problem)}; nothing was copied into {target}"
        raise CopyFailed(said, advice="correct that and copy again") from problem


def _table(
    connection: duckdb.DuckDBPyConnection, source: Storage, target: Storage, table: str, told: Told
) -> int:
    taken, given = source.attached_as, target.attached_as
    # A new ledger says since when it has its schema; its copy says what the other one does.
    connection.execute(f"DELETE FROM {given}.{table}")  # noqa: S608
    connection.execute(f"INSERT INTO {given}.{table} BY NAME SELECT * FROM {taken}.{table}")  # noqa: S608
    sums = []
    for database in (taken, given):
        connection.execute(f"USE {database}")
        sums.append(checksum(connection, table))
    if sums[0] != sums[1]:
        raise LedgerDamaged(f"copying {table} would have changed its rows; nothing was copied")
    (rows, _), _ = sums
    told(table, rows)
    return rows
