"""The weekly compaction flow: fewer bytes, the same rows; expired snapshots of a lake are removed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from prefect import State
from prefect import flow as prefect_flow
from prefect.states import Completed

from flows.runtime.installation import Installation, installation_of_run
from flows.runtime.lock import lock_file_of, run_lock
from warehouse.maintenance import Compaction


def run_name() -> str:
    """The name of a compaction in Prefect: compact 2026-11-29."""
    return f"compact {datetime.now(UTC):%Y-%m-%d}"


@prefect_flow(name="compact", flow_run_name=run_name, persist_result=False)
def compact(home: str | None = None) -> State[None]:
    """Compact the ledger of a data folder, by default GPULEDGER_HOME of the process that runs it."""
    with installation_of_run("compact", home) as installation:
        return Completed(message=summary(compacted(installation)))


def compacted(installation: Installation, waiting: Callable[[str], None] = lambda _: None) -> Compaction:
    """Compact the ledger when it is this run's turn."""
    storage = installation.storage
    with run_lock(installation.home, "compact", waiting, lock_file=lock_file_of(storage, "compact")):
        return storage.compact(datetime.now(UTC))


def summary(done: Compaction) -> str:
    """What a compaction did, in a sentence."""
    less = f" ({1 - done.after / done.before:.0%} less)" if done.before else ""
    return f"{done.rows:,} rows: {done.before / 1e6:,.1f} MB before, {done.after / 1e6:,.1f} MB now{less}"
