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
    from warehouse.restore import republish
    from warehouse.storage.lake import Lake

    installation = Installation.of_process(home)
    place = installation.storage
    with run_lock(installation.home, "publish", waiting):
        kept = republish(place, datetime.now(UTC), replace=replace)
    is_lake = isinstance(place, Lake)
    out.print(
        f"{place} is up to date" if is_lake else f"published {installation.home / 'warehouse.duckdb'}",
        markup=False,
    )
    print_kept(kept)
