"""The run lock: one run at a time writes a data folder.

Two runs of different flows take turns: the later one waits. A second run of the same flow is refused, since
whatever it would do is being done. A lake takes many writers: there each flow has a lock of its own. The lock
is the kernel's, so a run that is killed leaves none behind.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from warehouse.data_folder import LEDGER_FILE, WAREHOUSE_FILE
from warehouse.errors import GpuledgerError, LedgerBusy
from warehouse.storage import Storage
from warehouse.storage.file_lock import holder_of

LOCK_FILE: Final = "run.lock"
PATIENCE: Final = 3 * 3600.0
CLIENT_PATIENCE: Final = 120.0
"""Seconds to wait for another program, such as a person's DuckDB client, to close the ledger."""
_SECONDS_BETWEEN_LOOKS: Final = 0.5


def own_lock(title: str) -> str:
    """The lock of a run that shuts out its like alone, as runs on a lake do."""
    return f"run.{title.replace(' ', '.')}.lock"


def lock_file_of(storage: Storage, title: str) -> str:
    """The lock that a run holds while it writes: the data folder's, unless the storage takes many writers."""
    return own_lock(title) if storage.many_writers else LOCK_FILE


class RunUnderWay(GpuledgerError):
    """Another run has the data folder; the message says which, since when and in which process."""


@contextmanager
def run_lock(
    home: Path,
    flow: str,
    on_wait: Callable[[str], None] = lambda _: None,
    *,
    patience: float = PATIENCE,
    client_patience: float = CLIENT_PATIENCE,
    lock_file: str = LOCK_FILE,
    queue: bool = False,
) -> Iterator[None]:
    """Hold the data folder for one run of a flow.

    Waits up to `patience` seconds for a run of another flow to end, and tells so once. Raises RunUnderWay for
    one of the same flow, which waits too with `queue`, and when patience ends. Then waits up to
    `client_patience` seconds for any other program that has the ledger open. Raises LedgerBusy.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / lock_file).open("a+", encoding="utf-8") as lock:
        _wait(lock, flow, on_wait, time.monotonic() + patience, queue)
        lock.truncate(0)
        json.dump(
            {"flow": flow, "process": os.getpid(), "since": f"{datetime.now(UTC):%Y-%m-%d %H:%MZ}"}, lock
        )
        lock.flush()
        if lock_file == LOCK_FILE:
            _await_client(home / LEDGER_FILE, on_wait, min(patience, client_patience))
        yield


def _await_client(ledger: Path, on_wait: Callable[[str], None], patience: float) -> None:
    """Wait until no other program has the ledger open. Raises LedgerBusy."""
    until, waiting = time.monotonic() + patience, False
    while holder := holder_of(ledger):
        sentence = f"{holder} has {ledger} open"
        if time.monotonic() > until:
            raise LedgerBusy(
                f"{sentence}, still after {patience:.0f} s",
                advice="close it and run again; "
                f"to look at prices open {ledger.with_name(WAREHOUSE_FILE)} instead",
            )
        if not waiting:
            on_wait(f"{sentence}; waiting for it to be closed")
            waiting = True
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _wait(lock: IO[str], flow: str, on_wait: Callable[[str], None], until: float, queue: bool) -> None:
    waiting = False
    while not _taken(lock):
        holder = _holder(lock)
        sentence = (
            f"a {holder.get('flow', 'run')} run has the data folder since {holder.get('since', 'just now')} "
            f"(process {holder.get('process', 'unknown')})"
        )
        if holder.get("flow") == flow and not queue:
            raise RunUnderWay(f"{sentence}; a second one is not started")
        if time.monotonic() > until:
            raise RunUnderWay(f"{sentence}; this one has waited long enough")
        if not waiting:
            on_wait(f"{sentence}; waiting for it to end")
            waiting = True
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _taken(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(lock: IO[str]) -> dict[str, Any]:
    """Who holds the lock; nothing while it has not written its name yet."""
    lock.seek(0)
    with suppress(ValueError):
        return dict(json.loads(lock.read()))
    return {}
