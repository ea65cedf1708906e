"""Heartbeats of a shared run: which shares have a live worker, and when to give one up.

A share shows that it lives by touching its own flow run every few seconds; the run that shared it sees the
touch in Prefect. Times are those of the watching process, so that the clocks of machines need not agree.
No flow in this module: the decisions can be tested without a server.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

SECONDS_BETWEEN_SIGNS: Final = 20.0
LIFE_PATIENCE: Final = 180.0
"""Seconds without a sign of life after which a running share counts as dead."""
START_PATIENCE: Final = 300.0
"""Seconds in which nothing of the whole run moves, after which a share that waits is not waited for."""
_RUNNING: Final = frozenset({"RUNNING", "CANCELLING"})


@dataclass(frozen=True)
class Heartbeat:
    """What is seen of a share: the type of its state, and when it was last touched, by the server's clock."""

    state: str
    touched: Any = None


class ShareMonitor:
    """Decides for each share of a run whether to wait for it any longer.

    `limits` are the seconds that each share may run. Times are in seconds of one monotonic clock.
    """

    def __init__(self, limits: Mapping[str, float], now: float) -> None:
        self._limits = limits
        self._signs = dict.fromkeys(limits, Heartbeat("SCHEDULED"))
        self._changed = dict.fromkeys(limits, now)
        self._began: dict[str, float] = {}
        self._moved = now

    def see(self, share: str, sign: Heartbeat, now: float) -> None:
        """Note what is seen of a share now; that Prefect calls it late is no sign of anything."""
        before = self._signs[share]
        lives = sign.state in _RUNNING and sign.touched != before.touched
        if sign.state != before.state or lives:
            self._changed[share] = self._moved = now
        if sign.state in _RUNNING:
            self._began.setdefault(share, now)
        self._signs[share] = sign

    def given_up(self, share: str, now: float) -> str:
        """Why a share that has not ended is not waited for any longer; "" as long as it is."""
        quiet = now - self._changed[share]
        state = self._signs[share].state
        if state in _RUNNING:
            if quiet > LIFE_PATIENCE:
                return f"its worker has shown no sign of life for {quiet / 60:.0f} minutes"
            if now - self._began[share] > self._limits[share]:
                return f"it was not done after {self._limits[share] / 60:.0f} minutes"
        elif state == "PENDING" and quiet > START_PATIENCE:
            return f"a worker took it and did not start it within {START_PATIENCE / 60:.0f} minutes"
        elif now - self._moved > START_PATIENCE:
            return f"no worker took it within {START_PATIENCE / 60:.0f} minutes"
        return ""


@contextmanager
def heartbeats(every: float = SECONDS_BETWEEN_SIGNS) -> Iterator[None]:
    """Touch the flow run that this process carries out every few seconds, from a thread of its own.

    A share that waits for a lock or parses a large page lives too. Errors of Prefect end nothing.
    """
    from prefect.runtime import flow_run  # noqa: PLC0415 - only inside a run

    run_id, name, over = flow_run.id, flow_run.name, threading.Event()

    def touch() -> None:
        from prefect.client.orchestration import get_client  # noqa: PLC0415

        while not over.wait(every):
            with suppress(Exception), get_client(sync_client=True) as client:
                client.update_flow_run(run_id, name=name)

    thread = threading.Thread(target=touch, daemon=True)
    if run_id:
        thread.start()
    try:
        yield
    finally:
        over.set()
