"""`gpuledger history`: what is known from before the first snapshot."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from flows.commands.options import Home, out

app = typer.Typer(no_args_is_help=True, help="What is known from before the first snapshot.")


@app.callback()
def history() -> None:
    """What is known from before the first snapshot."""


@app.command()
def load(home: Home) -> None:
    """Load the dated facts that gpuledger ships, each with its origin; loading them twice adds nothing.

    Every nightly run does so too, when the facts have changed.
    """
    from flows.history import FACTS, load_facts
    from flows.runs import new_run_id
    from warehouse.ledger import Ledger, publish

    now = datetime.now(UTC)
    with Ledger(home) as ledger:
        rows = load_facts(ledger, home, run_id=new_run_id(now), at=now)
    publish(home)
    out.print(f"{FACTS}: {rows:,} observations added" if rows else f"{FACTS}: already loaded", markup=False)
