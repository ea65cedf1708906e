"""`gpuledger sql`: a query over the published warehouse."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Home, moment
from flows.cli.signals import ended_by_signals
from flows.runtime.installation import Installation


class Format(StrEnum):
    """How `sql` prints its answer."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def sql(
    query: Annotated[str, typer.Argument(help="One SELECT over the warehouse's tables and views.")],
    home: Home,
    form: Annotated[Format, typer.Option("--format", "-f", help="Output format.")] = Format.TABLE,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead.")] = None,
    at: Annotated[
        datetime | None,
        typer.Option(
            parser=moment,
            metavar="TIME",
            help="Query the warehouse as it was at this time, UTC; default now.",
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(min=0, metavar="SECONDS", help="Stop the query after this many seconds; default never."),
    ] = None,
) -> None:
    """Query the published warehouse. Read-only: no writes, no ATTACH, no other files."""
    from flows.operations.query import execute
    from warehouse.spill import bounded_process

    installation = Installation.of_process(home)
    with ended_by_signals(), bounded_process():
        execute(installation, query, form.value, output, at, timeout)
