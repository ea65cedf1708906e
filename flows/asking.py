"""Questions to the published warehouse, answered on the terminal or into a file."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import polars as pl

from warehouse.ledger import WAREHOUSE_FILE, read_warehouse


class QuestionRefused(ValueError):
    """The question cannot be answered; the message says why."""


def ask(home: Path, query: str, form: str, output: Path | None) -> None:
    """Run one query read-only and print the answer as table, csv, json or parquet.

    Raises QuestionRefused for a missing warehouse, a query that is no question, or one that fails.
    """
    warehouse = home / WAREHOUSE_FILE
    if not warehouse.exists():
        raise QuestionRefused(f"there is no {warehouse}; run `gpuledger nightly` or `gpuledger demo` first")
    if form == "parquet" and output is None:
        raise QuestionRefused("parquet is not for a terminal: name a file with --output")
    with read_warehouse(warehouse) as connection:
        try:
            answer = connection.sql(query)
        except duckdb.Error as problem:
            raise QuestionRefused(str(problem)) from problem
        if answer is None:
            raise QuestionRefused("that is a statement, not a question: ask with SELECT")
        try:
            text = _rendered(answer, form, output)
        except duckdb.Error as problem:
            raise QuestionRefused(str(problem)) from problem
    if text is not None:
        _write(text, output)


def _rendered(answer: duckdb.DuckDBPyRelation, form: str, output: Path | None) -> str | None:
    if form == "table":
        return str(answer)
    frame = answer.pl()
    if form == "parquet" and output is not None:
        frame.write_parquet(output)
        return None
    if form == "csv":
        return _flat(frame).write_csv()
    return frame.write_json() + "\n"


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Lists as text, which CSV has no other way to hold."""
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    return frame.with_columns(pl.col(name).cast(pl.List(pl.String)).list.join(" ") for name in lists)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")
