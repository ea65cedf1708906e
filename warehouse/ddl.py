"""DDL and the data dictionary, derived from the schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import duckdb
import polars as pl

from warehouse.queries import load_query
from warehouse.schema import TABLES, Column, Kind, Table
from warehouse.text_safety import quoted

DUCKDB_TYPES: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        "text": "VARCHAR",
        "integer": "BIGINT",
        "number": "DOUBLE",
        "flag": "BOOLEAN",
        "timestamp": "TIMESTAMPTZ",
        "date": "DATE",
        "text_list": "VARCHAR[]",
        "json": "JSON",
    }
)

SORTED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "captures": ("source", "url", "slot"),
        "scrapes": ("source", "slot"),
        "offers": ("source", "pricing_model", "offer_key", "slot"),
        "plans": ("source", "plan", "slot"),
        "terms": ("source", "tier", "term", "slot"),
        "utilisation": ("source", "gpu_as_shown", "slot"),
        "expectation_results": ("source", "table_name", "expectation", "slot"),
    }
)
"""The order in which a packed table lies: rows of one thing beside each other compress best."""

# Of tables that share a column's name, the first one's words serve.
_BY_NAME: Final[Mapping[str, Column]] = MappingProxyType(
    {column.name: column for table in reversed(TABLES) for column in table.columns}
)


def ddl(table: Table) -> Iterator[str]:
    """The statements that create a table with its comments; running them twice changes nothing."""
    columns = ", ".join(
        f"{column.name} {DUCKDB_TYPES[column.kind]}{' NOT NULL' if column.required else ''}"
        for column in table.columns
    )
    yield f"CREATE TABLE IF NOT EXISTS {table.name} ({columns})"
    yield f"COMMENT ON TABLE {table.name} IS {quoted(table.meaning)}"
    for column in table.columns:
        yield f"COMMENT ON COLUMN {table.name}.{column.name} IS {quoted(_comment(column))}"


def dictionary() -> pl.DataFrame:
    """One row a column of every table.

    Columns: table_name, column_name, type, unit, meaning, bounds, required.
    """
    return pl.DataFrame(
        [
            {
                "table_name": table.name,
                "column_name": column.name,
                "type": DUCKDB_TYPES[column.kind],
                "unit": column.unit,
                "meaning": column.meaning,
                "bounds": bounds(column),
                "required": column.required,
            }
            for table in TABLES
            for column in table.columns
        ]
    )


def bounds(column: Column) -> str:
    """A column's bounds in words, "" when it has none."""
    if column.allowed:
        return ", ".join(column.allowed)
    parts = [
        f"> {column.above:g}" if column.above is not None else "",
        f"≥ {column.at_least:g}" if column.at_least is not None else "",
        f"≤ {column.at_most:g}" if column.at_most is not None else "",
    ]
    return ", ".join(part for part in parts if part)


def inherit_comments(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the columns of views that have no comment the one of the tables' column of their name."""
    lacking = connection.execute(load_query("columns_without_comment")).fetchall()
    # All at once: hundreds of calls take longer than what they ask for.
    connection.execute(";".join(inherited_comment(view, column) for view, column in lacking))


def inherited_comment(view: str, column: str) -> str:
    """The statement that gives a view's column the comment of the tables' column of its name.

    Raises KeyError for a name that no table has: such a column is described in the view's own file.
    """
    return f"COMMENT ON COLUMN {view}.{column} IS {quoted(_comment(_BY_NAME[column]))}"


def _comment(column: Column) -> str:
    return f"{column.meaning} [{column.unit}]" if column.unit else column.meaning
