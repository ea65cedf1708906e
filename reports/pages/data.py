"""The data page: how to open the warehouse, the views, and the dictionary of every column."""

from __future__ import annotations

from typing import Any

import duckdb

from reports.pages import Page
from reports.queries import run_query
from reports.tables import TableColumn, table
from warehouse.ddl import dictionary
from warehouse.views import views


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The data page."""
    shown = {
        "views": table(
            "Gold views",
            [TableColumn("view", "view_name"), TableColumn("what it holds", "comment")],
            run_query(connection, "views").to_dicts(),
        ),
        "view_columns": table(
            "Columns of the gold views",
            [
                TableColumn("view", "view_name"),
                TableColumn("column", "column_name"),
                TableColumn("type", "data_type"),
                TableColumn("meaning", "comment"),
            ],
            [row for row in run_query(connection, "view_columns").to_dicts() if _is_listed(row)],
        ),
        "columns": table(
            "Data dictionary",
            [
                TableColumn("table", "table_name"),
                TableColumn("column", "column_name"),
                TableColumn("type", "type"),
                TableColumn("unit", "unit"),
                TableColumn("meaning", "meaning"),
                TableColumn("bounds", "bounds"),
            ],
            dictionary().to_dicts(),
        ),
    }
    return Page("data", "Data", shown)


def _is_listed(column: dict[str, Any]) -> bool:
    """Whether a view's column is listed: all of a download, and of other views what no table has."""
    view = views().get(column["view_name"])
    return view is not None and (
        view.header.is_downloadable or column["column_name"] in view.header.own_columns
    )
