"""`gpuledger ledger`: copies of the ledger, back from a copy, and packed smaller."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.options import Home, out, waiting

app = typer.Typer(no_args_is_help=True, help="Copy the ledger, bring a copy back, pack it smaller.")


@app.callback()
def ledger() -> None:
    """Copy the ledger, bring a copy back, pack it smaller."""


@app.command()
def backup(
    home: Home,
    to: Annotated[Path | None, typer.Option(help="The folder to copy into; default backups/.")] = None,
) -> None:
    """Copy the ledger while no run writes it. The archive (raw/) is plain files: copy that folder too."""
    from flows.turns import turn
    from warehouse import keeping

    with turn(home, "backup", waiting):
        copy = keeping.backup(home, datetime.now(UTC), to)
    out.print(f"{copy}  {copy.stat().st_size / 1e6:,.1f} MB", markup=False)


@app.command()
def restore(
    copy: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A copy made by `backup`.")],
    home: Home,
) -> None:
    """Put a copy in the ledger's place and publish it; the former ledger is kept in backups/."""
    from flows.turns import turn
    from warehouse import keeping

    with turn(home, "restore", waiting):
        former = keeping.restore(home, copy, datetime.now(UTC))
    out.print(f"restored from {copy}", markup=False)
    if former:
        out.print(f"the former ledger is {former}", markup=False)


@app.command()
def compact(home: Home) -> None:
    """Write the ledger anew, sorted within each month: fewer bytes, the same rows, proved by checksum."""
    from flows.turns import turn
    from warehouse import keeping

    with turn(home, "compact", waiting):
        done = keeping.compact(home)
    sizes = f"{done.before / 1e6:,.1f} MB before, {done.after / 1e6:,.1f} MB now"
    out.print(f"{done.rows:,} rows: {sizes} ({1 - done.after / done.before:.0%} less)", markup=False)
