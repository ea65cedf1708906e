"""Missed slots where the schedule has moved: a day that has a slot owes none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from flows.runtime.installation import Installation
from flows.runtime.run import RunRequest
from tests.flows.scheduling.test_servers import ran, slots_missed, source
from warehouse.ledger import Ledger
from warehouse.storage import FileStorage

EARLIER, LATER = "0 2 * * *", "17 3 * * *"


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def test_the_night_of_a_move_to_an_earlier_hour_is_not_missed(tmp_path: Path) -> None:
    nightly = source("prices", "nightly")
    request = RunRequest(Installation(tmp_path), (nightly,), (utc(21, 2),), nightly_hour=2)
    with Ledger(FileStorage(tmp_path)) as ledger:
        for day in (19, 20):
            ran(ledger, "nightly", utc(day, 3, 17), nightly)
        assert slots_missed(ledger, request, EARLIER) == []
        # The run of the 21st never came.
        later = replace(request, at=(utc(22, 2),))
        assert slots_missed(ledger, later, EARLIER) == [("p.prices", "21 02")]
        assert slots_missed(ledger, later, EARLIER) == []


def test_the_night_of_a_move_to_a_later_hour_is_not_missed(tmp_path: Path) -> None:
    nightly = source("prices", "nightly")
    request = RunRequest(Installation(tmp_path), (nightly,), (utc(20, 3, 17),))
    with Ledger(FileStorage(tmp_path)) as ledger:
        for day in (18, 19, 20):
            ran(ledger, "nightly", utc(day, 2), nightly, hour=2)
        assert slots_missed(ledger, request, LATER) == []
        assert slots_missed(ledger, replace(request, at=(utc(22, 3, 17),)), LATER) == [("p.prices", "21 03")]


def test_further_runs_of_a_day_owe_no_slot_of_their_own(tmp_path: Path) -> None:
    nightly = source("prices", "nightly")
    request = RunRequest(Installation(tmp_path), (nightly,), (utc(22, 4),), nightly_hour=4)
    with Ledger(FileStorage(tmp_path)) as ledger:
        ran(ledger, "nightly", utc(19, 4), nightly, hour=4)
        assert slots_missed(ledger, request, "0 4,16 * * *") == [("p.prices", "20 04"), ("p.prices", "21 04")]


def test_without_a_schedule_nothing_is_missed(tmp_path: Path) -> None:
    nightly = source("prices", "nightly")
    with Ledger(FileStorage(tmp_path)) as ledger:
        ran(ledger, "nightly", utc(10, 2), nightly, hour=2)
        assert slots_missed(ledger, RunRequest(Installation(tmp_path), (nightly,), (utc(22, 4),)), "") == []
