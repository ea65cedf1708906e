"""The SQL cookbook: questions, queries, results."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

import duckdb
import polars as pl

from reports.cookbook import recipes
from reports.pages import Page
from reports.tables import TableColumn, TableView, moment, number, table

_ROWS: Final = 8


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The cookbook page; answers are cut after a few rows, and say so."""
    shown = []
    for recipe in recipes():
        frame = connection.execute(recipe.query).pl()
        shown.append(
            {
                "name": recipe.name,
                "question": recipe.question,
                "query": recipe.query,
                "answer": _answer(frame, recipe.question),
            }
        )
    return Page("cookbook", "SQL cookbook", {"recipes": shown})


def _answer(frame: pl.DataFrame, question: str) -> TableView:
    more = f" (the first {_ROWS} of {frame.height} rows)" if frame.height > _ROWS else ""
    columns = [
        TableColumn(name, name, _shown, css="number" if dtype.is_numeric() else "")
        for name, dtype in frame.schema.items()
    ]
    return table(f"{question}{more}", columns, frame.head(_ROWS).to_dicts())


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1 else f"{value:,.2f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return number(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value.isoformat() if isinstance(value, date) else str(value)
