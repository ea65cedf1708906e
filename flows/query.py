"""Questions to the published warehouse, answered on the terminal or into a file.

Tables and CSV are for eyes and spreadsheets, and show plainly what those would obey; JSON and Parquet hold
the exact text.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl
from duckdb import StatementType

from flows.places import published
from reports.downloads import harmless
from warehouse.ledger import read_warehouse
from warehouse.plain import escaped_json, visible


class QuestionRefused(ValueError):
    """The question cannot be answered; the message says why."""


def ask(home: Path, query: str, form: str, output: Path | None, at: datetime | None = None) -> None:
    """Run one query read-only and print the answer as table, csv, json or parquet.

    With `at`, an aware datetime, the warehouse is as it stood then. Raises NothingPublished, and
    QuestionRefused for a query that is no question, or one that fails.
    """
    warehouse = published(home)
    if form == "parquet" and output is None:
        raise QuestionRefused("parquet is not for a terminal: name a file with --output")
    with read_warehouse(warehouse, at) as connection:
        try:
            _refuse_statements(connection, query)
            answer = connection.sql(query)
        except duckdb.Error as problem:
            raise QuestionRefused(str(problem)) from problem
        try:
            text = _rendered(answer, form, output)
        except (duckdb.Error, pl.exceptions.PolarsError) as problem:
            raise QuestionRefused(str(problem)) from problem
    if text is not None:
        _write(text, output)


def _refuse_statements(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Raise QuestionRefused for what is not one question; the connection's own locks do not hinge on it."""
    asked = [statement.type for statement in connection.extract_statements(query)]
    if not asked or not set(asked) <= {StatementType.SELECT, StatementType.EXPLAIN}:
        raise QuestionRefused(
            "that is a statement, not a question: ask with SELECT; the warehouse is read-only"
        )
    if len(asked) > 1:
        raise QuestionRefused("those are several questions: ask one at a time")


def _rendered(answer: duckdb.DuckDBPyRelation, form: str, output: Path | None) -> str | None:
    if form == "table":
        return visible(str(answer))
    frame = answer.pl()
    if form == "parquet" and output is not None:
        frame.write_parquet(output)
        return None
    # Neither CSV nor JSON has a way to hold bytes.
    frame = frame.with_columns(pl.col(pl.Binary).bin.encode("hex"))
    if form == "csv":
        return harmless(frame).write_csv()
    return escaped_json(frame.write_json()) + "\n"


def _write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")
