"""Notifications of failed runs, by the rule `on = "run_failed"`, whatever state the ledger is in.

Nothing here needs the ledger, the warehouse or Prefect. Sent notifications are kept in alerts.json of the
data folder: a failure of one kind is sent once for each flow, until a run of that flow has succeeded. The
file has a fixed size, so that a full disk can still take another state of it.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from flows.alerts.notify import deliver
from flows.alerts.route import AlertRoute
from flows.alerts.rules import RunFailedRule
from scrapers.archive.redaction import Secrets
from scrapers.slots import slot_name, slot_of_run
from warehouse.atomic import replacing
from warehouse.text_safety import first_line, visible

STATE_FILE: Final = "alerts.json"
_SIZE: Final = 4096
_MOST_KINDS: Final = 20
_LONGEST: Final = 1000
_ENDINGS: Final = {"TerminationSignal": "it was ended by SIGTERM", "CancelledError": "it was cancelled"}


@contextmanager
def notifying_failures(home: Path, flow: str, routing: AlertRoute) -> Iterator[None]:
    """Tell of whatever ends the block early, and note when it ends well; the error itself passes on.

    Nobody is notified of Ctrl-C.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as problem:
        notify_run_failed(home, flow, problem, routing)
        raise
    run_succeeded(home, flow)


def notify_run_failed(
    home: Path,
    flow: str,
    problem: BaseException,
    routing: AlertRoute,
    *,
    at: datetime | None = None,
) -> str:
    """Notify of a failed run, unless that was sent already; never raises.

    Returns why nothing could be delivered, "" where it was delivered, sent before, or no rule asks for it.
    """
    try:
        return _notify(home, flow, problem, routing, at or datetime.now(UTC))
    # A failure to notify must not hide the failure of the run.
    except Exception as other:
        return f"the failure could not be told: {type(other).__name__}"


def run_succeeded(home: Path, flow: str) -> None:
    """Record that a run of a flow succeeded, so that the next failure is sent again; never raises."""
    with suppress(Exception):
        state = _read(home)
        if state.pop(flow, None) is not None or not (home / STATE_FILE).exists():
            _write(home, state)


def _notify(home: Path, flow: str, problem: BaseException, routing: AlertRoute, at: datetime) -> str:
    rules = [rule for rule in routing.rules if isinstance(rule, RunFailedRule)]
    if not any(rule.flow in {None, flow} for rule in rules):
        return ""
    state = _read(home)
    kind = kind_of(problem)
    if kind in state.get(flow, {}):
        return ""
    title = f"gpuledger: {flow} failed on {socket.gethostname()}"
    slot = slot_name(slot_of_run(flow, at, routing.nightly_hour))
    text = Secrets(routing.secrets).struck(_message(home, flow, problem, slot))
    if trouble := deliver(title, text, routing.addresses):
        return trouble
    told = {**state.get(flow, {}), kind: f"{at:%Y-%m-%dT%H:%MZ}"}
    state[flow] = dict(list(told.items())[-_MOST_KINDS:])
    with suppress(OSError):
        _write(home, state)
    return ""


def kind_of(problem: BaseException) -> str:
    """What makes two failures the same: the type of the error, and for one of the machine its number."""
    number = getattr(problem, "errno", None)
    return f"{type(problem).__name__}{f' {number}' if number else ''}"


def _message(home: Path, flow: str, problem: BaseException, slot: str) -> str:
    said = _ENDINGS.get(type(problem).__name__) or first_line(problem) or type(problem).__name__
    lines = [
        f"The {flow} run for slot {slot} failed on {socket.gethostname()}: {visible(said)[:_LONGEST]}",
        f"Data folder: {home}. Look at it with `gpuledger doctor --home {home}`.",
        "This is told once, until a run of this flow has succeeded.",
    ]
    return "\n".join(lines)


def _read(home: Path) -> dict[str, dict[str, str]]:
    """Sent notifications by flow and kind; empty where the file cannot be read."""
    try:
        found: Any = json.loads((home / STATE_FILE).read_text(encoding="utf-8"))
        return {flow: dict(kinds) for flow, kinds in found["run_failed"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write(home: Path, state: Mapping[str, Mapping[str, str]]) -> None:
    """Put the state in place whole, or, on a full disk, into the file that is there already."""
    text = json.dumps({"run_failed": state}).ljust(_SIZE)
    path = home / STATE_FILE
    try:
        with replacing(path) as file:
            file.write(text.encode())
    except OSError:
        with path.open("r+", encoding="utf-8") as stored:
            stored.write(text)
