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
        bool,
        typer.Option(
            "--replace", help="Also replace a published copy that has more scrapes; it is moved to backups/."
        ),
    ] = False,
) -> None:
    """Publish the ledger again: replace warehouse.duckdb by a new copy, without a WAL file.

    Of a lake, bring tables and views up to date.
    """
    from flows.runtime.lock import run_lock

    installation = Installation.of_process(home)
    with run_lock(installation.home, "publish", waiting):
        kept = installation.storage.republish(datetime.now(UTC), replace=replace)
    out.print(f"published {installation.storage.published_name}", markup=False)
    print_kept(kept)
