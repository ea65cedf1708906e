"""SQL queries of pages, one .sql file each."""

import duckdb
import polars as pl

from warehouse.queries import load_query


def run_query(connection: duckdb.DuckDBPyConnection, name: str) -> pl.DataFrame:
    """The answer to queries/<name>.sql."""
    return connection.execute(load_query(name, __name__)).pl()
