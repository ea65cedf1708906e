"""Migrations of the schema: forward only, each step once.

A new table or a new column that may be empty needs no step: what is declared in schema.py and lacks in the
file is added when the ledger is opened. Everything else is a file in migrations/, named
<version>_<what it does>.sql and never edited once it is released. All of it happens in the transaction that
opens the ledger, so that a ledger is of one version or of the next, never between the two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Final

import duckdb

from warehouse.ddl import DUCKDB_TYPES, ddl
from warehouse.errors import GpuledgerError
from warehouse.queries import load_query
from warehouse.schema import BY_NAME, TABLES, Column, Table
from warehouse.views import view_statements, views

FIRST: Final = 1
"""The version of a ledger that says none: before 0.1 none was written down."""


class LedgerNewer(GpuledgerError):
    """The ledger was written by a newer gpuledger than this one."""


def steps() -> dict[int, str]:
    """The statements of every step by the version that it leads to, in order."""
    files = (resources.files("warehouse") / "migrations").iterdir()
    found = {int(file.name.partition("_")[0]): file for file in files if file.name.endswith(".sql")}
    return {version: found[version].read_text(encoding="utf-8") for version in sorted(found)}


def bring_up_to_date(cursor: duckdb.DuckDBPyConnection, steps: Mapping[int, str]) -> None:
    """Create or migrate every table, in the caller's transaction. Raises LedgerNewer."""
    newest = max(steps, default=FIRST)
    version = _version(cursor, newest)
    if version > newest:
        raise LedgerNewer(
            f"the ledger has schema version {version} and this gpuledger knows {newest}",
            advice="update gpuledger",
        )
    for step, statements in steps.items():
        if step > version:
            cursor.execute(statements)
    added, columns = [], _columns(cursor)
    for table in TABLES:
        for column in _missing(columns, table):
            cursor.execute(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {DUCKDB_TYPES[column.kind]}")
            added.append(f"{table.name}.{column.name}")
        cursor.execute(";".join(ddl(table)))
    if added or _stated(cursor) != (newest, definition()):
        row = [newest, datetime.now(UTC), definition(), added]
        cursor.execute(load_query("add_schema_version"), row)


def is_up_to_date(cursor: duckdb.DuckDBPyConnection, steps: Mapping[int, str]) -> bool:
    """Whether the tables and views are those that this gpuledger would make."""
    there = {name for (name,) in cursor.execute(load_query("tables_and_views")).fetchall()}
    columns = _columns(cursor)
    if not there >= BY_NAME.keys() | views().keys() or any(_missing(columns, table) for table in TABLES):
        return False
    return _stated(cursor) == (max(steps, default=FIRST), definition())


@cache
def definition() -> str:
    """A digest of every statement that makes the tables and views."""
    made = (*(statement for table in TABLES for statement in ddl(table)), *view_statements())
    return hashlib.sha256("\n".join(made).encode()).hexdigest()


def _stated(cursor: duckdb.DuckDBPyConnection) -> tuple[int, str | None] | None:
    """The newest version and definition that the ledger says it has; None where it says nothing."""
    rows = cursor.execute(load_query("schema_version")).fetchall()
    return rows[0] if rows else None


def _tables(cursor: duckdb.DuckDBPyConnection) -> set[str]:
    """The tables of the database in use."""
    return {name for (name,) in cursor.execute(load_query("tables")).fetchall()}


def _version(cursor: duckdb.DuckDBPyConnection, newest: int) -> int:
    """The version of the file: the newest one for an empty file, which has nothing to migrate."""
    tables = _tables(cursor)
    if not tables:
        return newest
    if "schema_versions" not in tables:
        return FIRST
    asked = "SELECT max(version) FROM schema_versions"
    ((version,),) = cursor.execute(asked).fetchall()
    return int(version)


def _columns(cursor: duckdb.DuckDBPyConnection) -> Mapping[str, set[str]]:
    """The columns of each table of the database in use, by the table's name."""
    found: dict[str, set[str]] = {}
    for table, column in cursor.execute(load_query("all_columns")).fetchall():
        found.setdefault(table, set()).add(column)
    return found


def _missing(columns: Mapping[str, set[str]], table: Table) -> list[Column]:
    """The columns that a table of the database lacks; none where there is no such table yet."""
    there = columns.get(table.name)
    return [column for column in table.columns if there and column.name not in there]
