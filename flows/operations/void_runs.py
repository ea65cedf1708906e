"""Declaring a run void in a data folder or on a lake, and publishing the ledger without it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flows import VERSION
from flows.runtime.installation import place_of
from flows.runtime.lock import lock_file_of, run_lock
from warehouse.ledger import Ledger
from warehouse.void_runs import declare_void


def void(home: Path, run_id: str, reason: str, waiting: Callable[[str], None] = lambda _: None) -> int:
    """Declare a run void and publish; returns how many of its scrapes no longer count. Raises VoidRefused."""
    storage = place_of(home)
    with run_lock(home, "void", waiting, lock_file=lock_file_of(storage, "void"), queue=True):
        with Ledger(storage) as ledger:
            scrapes = declare_void(ledger, run_id, reason, now=datetime.now(UTC), version=VERSION)
        storage.publish()
    return scrapes
