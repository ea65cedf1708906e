"""`gpuledger ledger`: backups, restore, compaction, copies, void runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Home, out, waiting
from flows.runtime.installation import Installation

app = typer.Typer(
    no_args_is_help=True, help="Back up, restore, compact and copy the ledger; declare a run void."
)


@app.callback()
def ledger() -> None:
    """Back up, restore, compact and copy the ledger; declare a run void."""


@app.command()
def backup(
    home: Home,
    to: Annotated[Path | None, typer.Option(help="The target folder; default backups/.")] = None,
) -> None:
    """Back up the ledger. The archive (raw/) is plain files: back up that folder as well."""
    from flows.runtime.lock import run_lock

    installation = Installation.of_process(home)
    with run_lock(installation.home, "backup", waiting):
        copy = installation.storage.backup(datetime.now(UTC), to)
    out.print(f"{copy}  {copy.stat().st_size / 1e6:,.1f} MB", markup=False)


@app.command()
def restore(
    copy: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A backup, or warehouse.duckdb.")],
    home: Home,
) -> None:
    """Restore a backup and publish it; the replaced ledger is kept in backups/."""
    from flows.runtime.lock import run_lock

    installation = Installation.of_process(home)
    with run_lock(installation.home, "restore", waiting):
        kept = installation.storage.restore(copy, datetime.now(UTC))
    out.print(f"restored from {copy}", markup=False)
    print_kept(kept)


@app.command("new")
def new(home: Home) -> None:
    """Create an empty ledger where the former one is lost and runs refuse to start.

    The archive (raw/) stays, and what is left of the former ledger is kept in backups/.
    """
    from flows.runtime.lock import run_lock

    installation = Installation.of_process(home)
    with run_lock(installation.home, "new ledger", waiting):
        kept = installation.storage.begin(datetime.now(UTC))
    out.print(f"{installation.home / 'ledger.duckdb'} is a new ledger", markup=False)
    print_kept(kept)


@app.command()
def compact(home: Home) -> None:
    """Rewrite the ledger sorted by month: fewer bytes, the same rows, proved by checksum.

    Of a lake: merge small files into large ones, and drop what no reader can want any more.
    """
    from flows.scheduling.compaction import compacted, summary

    out.print(summary(compacted(Installation.of_process(home), waiting)), markup=False)


@app.command()
def copy(
    target: Annotated[str, typer.Argument(metavar="FOLDER|LAKE", help="A folder, or ducklake:postgres:…")],
    home: Home,
    data: Annotated[
        str, typer.Option(help="Where a new lake stores its files: a shared folder or s3://bucket/prefix.")
    ] = "",
) -> None:
    """Copy all tables into an empty data folder or lake, proved by checksum.

    The archive (raw/) is plain files: copy that folder too.
    """
    from flows.runtime.lock import run_lock
    from warehouse import transfer
    from warehouse.storage import storage_of

    installation = Installation.of_process(home)
    to = storage_of(Path(target).resolve(), target if target.startswith("ducklake:") else "", data)

    def on_table(table: str, rows: int) -> None:
        out.print(f"{table:<20} {rows:>12,} rows", markup=False)

    with run_lock(installation.home, "copy", waiting):
        rows = transfer.copy(installation.storage, to, on_table)
    out.print(f"{rows:,} rows in {to}", markup=False)


@app.command()
def void(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's id, as in the table runs.")],
    home: Home,
    reason: Annotated[str, typer.Option(help="The reason; the site shows it.")],
) -> None:
    """Declare a run void permanently: its rows stay stored, and no view or page counts them.

    For a run with a wrong clock, or one that read the wrong site. Its slots are due again.
    """
    from flows.operations.void_runs import void as declare

    scrapes = declare(Installation.of_process(home), run, reason, waiting)
    out.print(f"{run} is void: {scrapes:,} scrapes no longer count; the warehouse is published", markup=False)
    out.print("the site shows it after the next run, or now with `gpuledger report`", markup=False)


def print_kept(kept: list[Path]) -> None:
    """Print where the files went that a command has replaced."""
    for file in kept:
        out.print(f"the former one is {file}", markup=False)
