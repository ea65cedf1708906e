"""Void runs: a tombstone for a run whose rows must not count.

Nothing is deleted: the run's rows stay in the tables, and every view and query leaves them out from the
moment at which the run was declared void.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import duckdb

from warehouse.errors import GpuledgerError
from warehouse.ledger import Ledger
from warehouse.queries import load_query
from warehouse.text_safety import visible

LIST_RUNS: Final = (
    'gpuledger sql "SELECT run_id, flow, started_at, finished_at FROM runs ORDER BY started_at DESC"'
)
"""The command that lists runs, newest first."""


class VoidRefused(GpuledgerError):
    """The run cannot be declared void; the message says why and what to type next."""


def declare_void(ledger: Ledger, run_id: str, reason: str, *, now: datetime, version: str) -> int:
    """Declare a run void, for good; returns how many of its scrapes no longer count.

    A run that was killed has scrapes and no row of its own in `runs`: it can be declared void too. Raises
    VoidRefused for an unknown run, one that is void already, and an empty reason.
    """
    if not reason.strip():
        raise VoidRefused("--reason is empty", advice="say why the run does not count, the site shows it")
    (known,) = ledger.query(load_query("run_known"), {"run_id": run_id}).to_dicts()
    if known["void_reason"] is not None:
        since = f"{known['voided_at']:%Y-%m-%d %H:%MZ}"
        raise VoidRefused(
            f"run {visible(run_id)} is void already, since {since}: {visible(known['void_reason'])}"
        )
    if not known["is_run"] and not known["scrapes"]:
        said = f"the ledger has no run {visible(run_id)!r}"
        raise VoidRefused(said, advice=f"list runs with: {LIST_RUNS}")
    row = {"run_id": run_id, "voided_at": now, "reason": reason.strip(), "gpuledger_version": version}
    ledger.append_rows("void_runs", [row])
    return int(known["scrapes"])


def void_runs(connection: duckdb.DuckDBPyConnection) -> Sequence[Mapping[str, Any]]:
    """The void runs of a warehouse, newest first.

    Keys: run_id, flow (None for a run that was killed), voided_at, reason, scrapes, first_slot, last_slot.
    """
    return connection.execute(load_query("void_runs")).pl().to_dicts()
