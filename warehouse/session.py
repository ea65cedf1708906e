"""Read sessions of the published warehouse: current, or as it was at a time.

A session makes the gold views in its own memory where they are wanted as of a moment, are to be materialized,
or are not stored with their comments. Rows are written once and never changed, so that what stood at a moment
is what had been written by then.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import duckdb

from warehouse.ddl import inherit_comments
from warehouse.materialized import materialize
from warehouse.queries import load_query
from warehouse.schema import SCRAPES, TABLES, Table
from warehouse.spill import bound
from warehouse.storage import Storage
from warehouse.text_safety import quoted
from warehouse.views import view_statements, views


def read_warehouse(
    storage: Storage,
    at: datetime | None = None,
    materialized: Collection[str] = (),
    cache: Path | None = None,
) -> duckdb.DuckDBPyConnection:
    """Open what is published for reading: no writing, no files, no extensions, no settings changed.

    With `at`, an aware datetime, everything is as it was stored by then. Views named in `materialized` are
    computed once, into tables of the session; results of closed days are cached in the folder `cache` and
    read there. A lake is read as it is when it is opened. Raises WarehouseDamaged or LakeRefused.
    """
    connection = open_warehouse(storage, at, materialized, cache)
    readable = [*storage.folders(connection), *([f"{cache.resolve()}/"] if cache else [])]
    connection.execute(f"SET allowed_directories = [{', '.join(map(quoted, readable))}]")
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def open_warehouse(
    storage: Storage,
    at: datetime | None = None,
    materialized: Collection[str] = (),
    cache: Path | None = None,
) -> duckdb.DuckDBPyConnection:
    """As `read_warehouse`, with nothing locked: for what writes files, and never for a user's question."""
    makes_views = bool(at or materialized) or not storage.views_are_complete
    connection = storage.open_to_read(attached=makes_views)
    bound(connection)
    if makes_views:
        try:
            _make_views(connection, storage.attached_as, at, materialized, cache)
        except duckdb.CatalogException as problem:
            connection.close()
            raise storage.unreadable(problem) from problem
    return connection


def _make_views(
    connection: duckdb.DuckDBPyConnection,
    stored: str,
    at: datetime | None = None,
    materialized: Collection[str] = (),
    cache: Path | None = None,
) -> None:
    """Make the gold views in a connection's own memory, over the tables of an attached database.

    With `at`, over those rows alone that had been written by then, tables included. Views named in
    `materialized` become tables, for many queries of them. Results of closed days are cached in `cache`.
    """
    search_path = f"SET search_path = 'memory.main,{stored}.main'"
    connection.execute(search_path)
    if at:
        # Scrapes first: the rows of the other tables are those of scrapes that had ended.
        for table in sorted(TABLES, key=lambda table: table is not SCRAPES):
            connection.execute(_as_written(table, stored, at))
    for statement in view_statements():
        connection.execute(statement)
    if materialized:
        inherit_comments(connection)
    found = materialize(connection, stored, cache.resolve()) if cache else {}
    connection.execute(search_path)
    for view in views():
        if view in materialized:
            _put(connection, "TABLE", view, found.get(view, f"FROM {view}"))
        elif view in found:
            _put(connection, "VIEW", view, found[view])


def _put(connection: duckdb.DuckDBPyConnection, kind: str, view: str, query: str) -> None:
    """Put a table or another view in a view's place; views that build on it find it by its name."""
    comments = connection.execute(load_query("comments"), [view, kind]).fetchall()
    connection.execute(f"CREATE {kind} put AS {query}")
    connection.execute(f"DROP VIEW {view}")
    connection.execute(f"ALTER {kind} put RENAME TO {view}")
    for subject, comment in comments:
        connection.execute(f"COMMENT ON {subject} IS {quoted(comment)}")


def _as_written(table: Table, stored: str, at: datetime) -> str:
    if table.written_at:
        written = f"WHERE {table.written_at} <= TIMESTAMPTZ '{at.isoformat()}'"
    else:
        # What was fetched is of its run and source: an import archives one file for many slots.
        key = "run_id, source" if table.name == "captures" else "run_id, source, slot"
        written = f"SEMI JOIN scrapes USING ({key})"
    return f"CREATE VIEW {table.name} AS SELECT * FROM {stored}.main.{table.name} {written}"  # noqa: S608
