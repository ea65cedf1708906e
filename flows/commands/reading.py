"""Commands that read the published warehouse: report, sql."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Exit as a shell expects of a command that a signal ended, or whose reader has gone (`| head`)."""
    from flows.interruption import Interrupted

    try:
        yield
    except Interrupted as ended:
        raise typer.Exit(ended.code) from None
    except BrokenPipeError:
        # What is left in the buffer has nowhere to go either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(128 + signal.SIGPIPE) from None


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
    from flows.exporting import Exported
    from flows.exporting import export as write
    from flows.interruption import Work

    with ended_by_signals():
        found: list[Exported] = Work(lambda work: write(home, folder, work)).run()
    for exported in found:
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
    timeout: Annotated[
        float | None,
        typer.Option(min=0, metavar="SECONDS", help="Give up after so many seconds; default never."),
    ] = None,
) -> None:
    """Ask the published warehouse a question. It cannot write, attach, or read other files."""
    from flows.query import ask
    from warehouse.spill import bounded_process

    with ended_by_signals(), bounded_process():
        ask(home, query, form.value, output, at, timeout)
