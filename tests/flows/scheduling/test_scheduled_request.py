"""A scheduled run is for the slot of its installation's own schedule."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.runtime.installation import Installation
from flows.runtime.run import due
from flows.runtime.settings import Schedule, Settings, SettingsWrong
from flows.scheduling.scheduled_request import scheduled_request
from warehouse.ledger import Ledger
from warehouse.storage import FileStorage


@pytest.mark.parametrize(
    ("cron", "at", "slot"),
    [
        ("17 3 * * *", datetime(2026, 11, 20, 3, 17, tzinfo=UTC), "2026-11-20T03Z"),
        ("17 3 * * *", datetime(2026, 11, 20, 2, tzinfo=UTC), "2026-11-19T03Z"),
        ("0 2 * * *", datetime(2026, 11, 20, 2, tzinfo=UTC), "2026-11-20T02Z"),
        ("", datetime(2026, 11, 20, 12, tzinfo=UTC), "2026-11-20T03Z"),
    ],
)
def test_a_nightly_run_is_for_the_slot_of_its_schedule(
    tmp_path: Path, cron: str, at: datetime, slot: str
) -> None:
    settings = Settings(schedule=Schedule(nightly=cron))
    request = scheduled_request(
        "nightly", Installation(tmp_path, settings), at=at, only=["paperspace"], recorded=tmp_path
    )
    assert request.run_name == f"nightly {slot}"
    with Ledger(FileStorage(tmp_path / "home")) as ledger:
        jobs, _ = due(request, ledger)
    assert {f"{job.slot:%Y-%m-%dT%HZ}" for job in jobs} == {slot}


def test_a_market_run_is_for_its_hour_whatever_the_nightly_schedule(tmp_path: Path) -> None:
    settings = Settings(schedule=Schedule(nightly="0 2 * * *"))
    at = datetime(2026, 11, 20, 1, 5, tzinfo=UTC)
    request = scheduled_request("market", Installation(tmp_path, settings), at=at, recorded=tmp_path)
    assert request.run_name == "market 2026-11-20T01Z"


def test_a_schedule_without_hours_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsWrong, match=r"schedule\.nightly in config\.toml"):
        settings = Settings(schedule=Schedule(nightly="at three"))
        scheduled_request("nightly", Installation(tmp_path, settings))
    with pytest.raises(SettingsWrong, match=r"schedule\.nightly in config\.toml"):
        _ = Schedule(nightly="at three").nightly_hour
