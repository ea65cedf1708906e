"""The gold views in a reader's own memory: over the tables of a lake, or as they stood at a moment.

Rows are written once and never changed, so that what stood at a moment is what had been written by then.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import duckdb

from warehouse.ddl import inherited_comment
from warehouse.materialized import materialize
from warehouse.queries import load_query
from warehouse.schema import SCRAPES, TABLES, Table
from warehouse.text_safety import quoted
from warehouse.views import VIEWS, view_statements


def make_views(
    connection: duckdb.DuckDBPyConnection,
    stored: str,
    at: datetime | None = None,
    kept: Collection[str] = (),
    settled: Path | None = None,
) -> None:
    """Make the gold views in a connection's own memory, over the tables of an attached database.

    With `at`, over those rows alone that had been written by then, tables included. What `kept` names is
    worked out once and kept as a table, for whoever asks many questions of it. In the folder `settled` stays
    what views say of days that are over.
    """
    search_path = f"SET search_path = 'memory.main,{stored}.main'"
    connection.execute(search_path)
    if at:
        # Scrapes first: the rows of the other tables are those of scrapes that had ended.
        for table in sorted(TABLES, key=lambda table: table is not SCRAPES):
            connection.execute(_as_written(table, stored, at))
    for statement in view_statements():
        connection.execute(statement)
    if kept:
        inherit_comments(connection)
    found = materialize(connection, stored, settled.resolve()) if settled else {}
    connection.execute(search_path)
    for view in VIEWS:
        if view in kept:
            _put(connection, "TABLE", view, found.get(view, f"FROM {view}"))
        elif view in found:
            _put(connection, "VIEW", view, found[view])


def inherit_comments(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the columns of views that have no comment the one of the tables' column of their name."""
    for view, column in connection.execute(load_query("columns_without_comment")).fetchall():
        connection.execute(inherited_comment(view, column))


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
