"""The questions that the pages ask the warehouse, one .sql file each."""

import duckdb
import polars as pl

from warehouse.queries import question


def answer(connection: duckdb.DuckDBPyConnection, name: str) -> pl.DataFrame:
    """The answer to queries/<name>.sql."""
    return connection.execute(question(name, __name__)).pl()
