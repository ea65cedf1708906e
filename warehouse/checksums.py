"""Checksums of tables, by which two copies of a ledger are compared."""

from __future__ import annotations

from pathlib import Path

import duckdb

from warehouse.errors import LedgerDamaged
from warehouse.queries import load_query
from warehouse.text_safety import first_line


def checksums(file: Path) -> dict[str, tuple[int, int]]:
    """As `table_checksums`, of every table of a DuckDB file.

    Raises LedgerDamaged where it cannot be read to its end.
    """
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            return table_checksums(connection)
    except duckdb.IOException as problem:
        said = f"{file} cannot be read: {first_line(problem)}"
        raise LedgerDamaged(said, advice="use another copy, or `gpuledger ledger restore` one") from problem


def table_checksums(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, int]]:
    """Rows of every table of the database in use and the sum of their hashes, whatever their order."""
    tables = [name for (name,) in connection.execute(load_query("tables")).fetchall()]
    return {table: checksum(connection, table) for table in tables}


def checksum(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, int]:
    """Rows of one table of the database in use, and the sum of their hashes by the names of its columns."""
    # Names come from the file's own catalogue. Neither the order of rows nor that of columns counts: a column
    # that an upgrade added comes last there, and in its own place in a new file.
    columns = sorted(name for (name,) in connection.execute(load_query("columns"), [table]).fetchall())
    hashed = f"hash({', '.join(columns)})"
    asked = f"SELECT count(*), coalesce(sum({hashed}), 0)::VARCHAR FROM {table}"  # noqa: S608
    ((rows, total),) = connection.execute(asked).fetchall()
    return int(rows), int(total)
