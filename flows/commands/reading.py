"""Commands that read the published warehouse: report, sql."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.options import At, Home, moment, out


class Format(StrEnum):
    """How `sql` prints its answer."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def report(home: Home, as_of: At = None) -> None:
    """Render the site from the published warehouse."""
    from flows.places import published
    from flows.rendering import render

    pages = render(home, published(home), as_of or datetime.now(UTC))
    out.print(f"{len(pages)} pages in {home / 'site'}", markup=False)


def export(
    folder: Annotated[Path, typer.Argument(help="Where to: a folder of its own.", file_okay=False)],
    home: Home,
) -> None:
    """Write every table as Parquet, by month, for Spark, Trino, Athena and the like."""
    from flows.exporting import export as write

    for exported in write(home, folder):
        out.print(f"{exported.table:<20} {exported.rows:>12,} rows  {exported.files:>4} files", markup=False)


def sql(
    query: Annotated[str, typer.Argument(help="One SELECT over the warehouse's tables and views.")],
    home: Home,
    form: Annotated[Format, typer.Option("--format", "-f", help="How to print the answer.")] = Format.TABLE,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead.")] = None,
    at: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="TIME", help="As the warehouse stood then, UTC; default now."),
    ] = None,
) -> None:
    """Ask the published warehouse a question. It cannot write, attach, or read other files."""
    from flows.query import ask

    ask(home, query, form.value, output, at)
