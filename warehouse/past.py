"""The tables as they stood at a moment, and the gold views over them.

Rows are written once and never changed, so that what stood at a moment is what had been written by then.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from warehouse.schema import SCRAPES, TABLES, Table
from warehouse.views import view_statements


def make_views(connection: duckdb.DuckDBPyConnection, stored: str, at: datetime | None = None) -> None:
    """Make the gold views in a connection's own memory, over the tables of an attached database.

    With `at`, over those rows alone that had been written by then, tables included.
    """
    connection.execute(f"SET search_path = 'memory.main,{stored}.main'")
    if at:
        # Scrapes first: the rows of the other tables are those of scrapes that had ended.
        for table in sorted(TABLES, key=lambda table: table is not SCRAPES):
            connection.execute(_as_written(table, stored, at))
    for statement in view_statements():
        connection.execute(statement)


def _as_written(table: Table, stored: str, at: datetime) -> str:
    if table.written_at:
        written = f"WHERE {table.written_at} <= TIMESTAMPTZ '{at.isoformat()}'"
    else:
        # What was fetched is of its run and source: an import archives one file for many slots.
        key = "run_id, source" if table.name == "captures" else "run_id, source, slot"
        written = f"SEMI JOIN scrapes USING ({key})"
    return f"CREATE VIEW {table.name} AS SELECT * FROM {stored}.main.{table.name} {written}"  # noqa: S608
