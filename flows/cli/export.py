"""`gpuledger export`: every table as Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Home, out
from flows.cli.signals import ended_by_signals
from flows.runtime.installation import Installation


def export(
    folder: Annotated[
        Path, typer.Argument(help="The target folder; it must hold nothing else.", file_okay=False)
    ],
    home: Home,
) -> None:
    """Export every table as Parquet files by month, for Spark, Trino or Athena."""
    from flows.operations.export import Exported
    from flows.operations.export import export as write
    from flows.runtime.interruption import Work

    installation = Installation.of_process(home)
    with ended_by_signals():
        found: list[Exported] = Work(lambda work: write(installation, folder, work)).run()
    for exported in found:
        out.print(f"{exported.table:<20} {exported.rows:>12,} rows  {exported.files:>4} files", markup=False)
