"""Runs that fail are told without a ledger: once a kind, never a secret, and never in place of the error."""

from __future__ import annotations

import errno
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.alerts import run_failures
from flows.alerts.route import AlertRoute
from flows.alerts.run_failures import STATE_FILE, notify_run_failed, notifying_failures, run_succeeded
from flows.runtime.installation import ALERT_ADDRESSES, Installation
from flows.runtime.settings import Schedule, Settings
from tests.flows.alerts.test_notify import SECRET, Inbox, inbox
from warehouse.data_folder import LEDGER_FILE
from warehouse.errors import LedgerDamaged

__all__ = ["inbox"]
RULES = ({"on": "run_failed"},)
FULL = OSError(errno.ENOSPC, "No space left on device")


def routing(inbox: Inbox, *rules: dict[str, str], **variables: str) -> AlertRoute:
    """That of an installation with these rules and variables, which notifies the inbox."""
    settings = Settings(alerts=list(rules or RULES))  # type: ignore[arg-type]
    return Installation(Path("home"), settings, {ALERT_ADDRESSES: inbox.address, **variables}).alert_route


def test_a_kind_of_failure_is_told_once_until_a_run_has_succeeded(tmp_path: Path, inbox: Inbox) -> None:
    damaged = LedgerDamaged("ledger.duckdb cannot be opened")
    for problem in (damaged, damaged, FULL, damaged, FULL):
        assert notify_run_failed(tmp_path, "market", problem, routing(inbox)) == ""
    first, second = (message["message"] for message in inbox.messages)
    assert "The market run for slot" in first
    assert "ledger.duckdb cannot be opened" in first
    assert "No space left on device" in second
    notify_run_failed(tmp_path, "nightly", damaged, routing(inbox))
    run_succeeded(tmp_path, "market")
    notify_run_failed(tmp_path, "nightly", damaged, routing(inbox))
    notify_run_failed(tmp_path, "market", damaged, routing(inbox))
    assert len(inbox.messages) == 4


def test_a_full_disk_is_told_once_too(tmp_path: Path, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    run_succeeded(tmp_path, "market")
    size = (tmp_path / STATE_FILE).stat().st_size

    def full(*_: Any, **__: Any) -> None:
        raise FULL

    monkeypatch.setattr(run_failures, "replacing", full)
    for _ in range(2):
        notify_run_failed(tmp_path, "market", FULL, routing(inbox))
    assert len(inbox.messages) == 1
    assert (tmp_path / STATE_FILE).stat().st_size == size
    # Where not even that can be written it is told each time, rather than never.
    (tmp_path / STATE_FILE).unlink()
    for _ in range(2):
        notify_run_failed(tmp_path, "market", FULL, routing(inbox))
    assert len(inbox.messages) == 3


@pytest.mark.parametrize("ending", [LedgerDamaged("damaged"), SystemExit(143), RuntimeError("a crash")])
def test_the_error_passes_on_whatever_becomes_of_the_message(
    tmp_path: Path, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, ending: BaseException
) -> None:
    def broken(*_: Any) -> str:
        raise ValueError("no network")

    monkeypatch.setattr(run_failures, "deliver", broken)
    with pytest.raises(type(ending)) as raised, notifying_failures(tmp_path, "nightly", routing(inbox)):
        raise ending
    assert raised.value is ending


def test_what_was_not_delivered_is_told_by_the_next_failure(tmp_path: Path, inbox: Inbox) -> None:
    inbox.closed = True
    assert "could not be reached" in notify_run_failed(tmp_path, "market", FULL, routing(inbox))
    inbox.closed = False
    assert notify_run_failed(tmp_path, "market", FULL, routing(inbox)) == ""
    assert len(inbox.messages) == 1


def test_no_secret_is_told_and_nobody_who_did_not_ask(tmp_path: Path, inbox: Inbox) -> None:
    problem = RuntimeError(f"password=sesame-open {inbox.address} {SECRET}")
    rules = {"on": "run_failed", "flow": "nightly"}, {"on": "incident"}
    asked = routing(inbox, *rules, PGPASSWORD="sesame-open")
    notify_run_failed(tmp_path, "market", problem, asked)
    assert inbox.messages == []
    notify_run_failed(tmp_path, "nightly", problem, asked)
    ((message),) = (message["message"] for message in inbox.messages)
    assert "sesame" not in message
    assert inbox.address not in message


@pytest.mark.parametrize(
    "wrong", ['nightly = "x"\n[[alerts]]\non = "run_failed"\n', '[[alerts]]\non = "run_failed"\nbroken = [\n']
)
def test_settings_that_cannot_be_read_are_told_by_the_rule_in_their_text(
    tmp_path: Path, inbox: Inbox, gpuledger: Any, wrong: str
) -> None:
    (tmp_path / "config.toml").write_text(wrong, encoding="utf-8")
    for _ in range(2):
        assert gpuledger("market", "--home", tmp_path).returncode == 2
    (message,) = inbox.messages
    assert "config.toml" in message["message"]
    assert "The market run" in message["message"]


def test_a_run_whose_ledger_is_damaged_is_told_and_ends_as_before(
    tmp_path: Path, inbox: Inbox, local: Any, gpuledger: Any
) -> None:
    (tmp_path / "config.toml").write_text('[[alerts]]\non = "run_failed"\n', encoding="utf-8")
    (tmp_path / LEDGER_FILE).write_bytes(b"\0" * 5000)
    ended = gpuledger("nightly", "--home", tmp_path, **local.variables)
    assert (ended.returncode, "Traceback" in ended.stderr) == (2, False)
    (message,) = inbox.messages
    assert f"{LEDGER_FILE} cannot be opened as a ledger" in message["message"]
    assert set(json.loads((tmp_path / STATE_FILE).read_text())["run_failed"]) == {"nightly"}
    assert ALERT_ADDRESSES not in message["message"]


def test_the_message_names_the_slot_of_the_schedule(tmp_path: Path, inbox: Inbox) -> None:
    at = datetime(2026, 11, 20, 2, 5, tzinfo=UTC)
    for nightly, problem in (("0 2 * * *", FULL), ("at three", LedgerDamaged("damaged"))):
        settings = Settings(alerts=list(RULES), schedule=Schedule(nightly=nightly))  # type: ignore[arg-type]
        of = Installation(tmp_path, settings, {ALERT_ADDRESSES: inbox.address}).alert_route
        notify_run_failed(tmp_path, "nightly", problem, of, at=at)
    first, second = (message["message"] for message in inbox.messages)
    assert "The nightly run for slot 2026-11-20T02Z failed" in first
    assert "damaged" in second
