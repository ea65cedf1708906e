"""The data page: how to open the warehouse, the views, and the dictionary of every column."""

from __future__ import annotations

import duckdb

from reports.downloads import VIEWS
from reports.pages import Page
from reports.queries import answer
from reports.tables import Column, table
from warehouse.ddl import dictionary


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The data page."""
    shown = {
        "views": table(
            "Gold views",
            [Column("view", "view_name"), Column("what it holds", "comment")],
            answer(connection, "views").to_dicts(),
        ),
        "view_columns": table(
            "Columns of the gold views",
            [
                Column("view", "view_name"),
                Column("column", "column_name"),
                Column("type", "data_type"),
                Column("meaning", "comment"),
            ],
            [row for row in answer(connection, "view_columns").to_dicts() if row["view_name"] in VIEWS],
        ),
        "columns": table(
            "Data dictionary",
            [
                Column("table", "table_name"),
                Column("column", "column_name"),
                Column("type", "type"),
                Column("unit", "unit"),
                Column("meaning", "meaning"),
                Column("bounds", "bounds"),
            ],
            dictionary().to_dicts(),
        ),
    }
    return Page("data", "Data", shown)
