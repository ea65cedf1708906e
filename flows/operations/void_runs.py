"""Void runs: declare one and publish the ledger without it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from flows import VERSION
from flows.runtime.installation import Installation
from flows.runtime.lock import lock_file_of, run_lock
from warehouse.ledger import Ledger
from warehouse.void_runs import declare_void


def void(
    installation: Installation,
    run_id: str,
    reason: str,
    waiting: Callable[[str], None] = lambda _: None,
) -> int:
    """Declare a run void and publish; returns how many of its scrapes no longer count. Raises VoidRefused."""
    storage = installation.storage
    lock_file = lock_file_of(storage, "void")
    with run_lock(installation.home, "void", waiting, lock_file=lock_file, queue=True):
        with Ledger(storage) as ledger:
            scrapes = declare_void(ledger, run_id, reason, now=datetime.now(UTC), version=VERSION)
        storage.publish()
    return scrapes
