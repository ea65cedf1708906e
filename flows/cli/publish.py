"""`gpuledger publish`: the published copy, made again from the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from flows.cli.ledger import print_kept
from flows.cli.options import Home, out, waiting
from flows.runtime.installation import Installation


def publish(
    home: Home,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Also over a copy that holds more; that one goes to backups/.")
    ] = False,
) -> None:
    """Publish the ledger again: warehouse.duckdb becomes a new copy of it, without a log beside it.

    Of a lake, bring tables and views up to date.
    """
    from flows.runtime.lock import run_lock

    installation = Installation.of_process(home)
    with run_lock(installation.home, "publish", waiting):
        kept = installation.storage.republish(datetime.now(UTC), replace=replace)
    out.print(f"published {installation.storage.published_name}", markup=False)
    print_kept(kept)
