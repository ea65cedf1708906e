"""What is due: nothing that stands already, and failures only where trying again can help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from flows.runtime.installation import Installation
from flows.runtime.run import RunRequest, RunSummary, due, new_run_id
from scrapers.archive.writer import archive_path
from scrapers.declaration import SourceDeclared
from scrapers.registry import Source
from scrapers.slots import first_hour, slot_of
from warehouse.ledger import CurrentScrape, Ledger

AT = datetime(2026, 11, 20, 15, 40, tzinfo=UTC)


@dataclass
class LedgerWith:
    scrapes: dict[tuple[str, datetime], CurrentScrape]

    def current_scrapes(self) -> dict[tuple[str, datetime], CurrentScrape]:
        return self.scrapes


def source(cadence: str = "nightly") -> Source:
    declared = SourceDeclared.model_validate(
        {
            "title": "t",
            "format": "json_api",
            "cadence": cadence,
            "request": [{"url": "https://example.com/"}],
            "good": {"offers": {"rows_at_least": 1}},
        }
    )
    return Source("aws", "spot", declared)


def jobs(scrapes: dict[tuple[str, datetime], CurrentScrape], *, recorded: bool = False) -> int:
    request = RunRequest(
        Installation(Path("home")), (source(),), (AT,), recorded=Path("web") if recorded else None
    )
    found, _ = due(request, cast("Ledger", LedgerWith(scrapes)))
    return len(found)


def test_nothing_is_due_from_before_a_source_was_there() -> None:
    nights = tuple(AT - timedelta(days=days) for days in range(3))
    first = {"aws.spot": slot_of("nightly", nights[1])}
    request = RunRequest(Installation(Path("home")), (source(),), nights, first_slots=first)
    found, _ = due(request, cast("Ledger", LedgerWith({})))
    assert [job.slot for job in found] == [slot_of("nightly", nights[1]), slot_of("nightly", nights[0])]


def test_a_new_slot_is_due_and_a_stored_one_is_not() -> None:
    slot = slot_of("nightly", AT)
    assert jobs({}) == 1
    assert jobs({("aws.spot", slot): CurrentScrape("ok", "v")}) == 0
    assert jobs({("aws.spot", slot): CurrentScrape("partial", "v")}) == 0
    assert jobs({("aws.spot", slot - timedelta(days=1)): CurrentScrape("ok", "v")}) == 1


@pytest.mark.parametrize("status", ["failed", "skipped"])
def test_a_live_failure_is_tried_again(status: str) -> None:
    assert jobs({("aws.spot", slot_of("nightly", AT)): CurrentScrape(status, "v")}) == 1


def test_a_recorded_failure_is_tried_again_only_by_another_parser() -> None:
    slot = slot_of("nightly", AT)
    version = source().parser_version
    assert jobs({("aws.spot", slot): CurrentScrape("failed", version)}, recorded=True) == 0
    assert jobs({("aws.spot", slot): CurrentScrape("failed", "older")}, recorded=True) == 1
    assert jobs({("aws.spot", slot): CurrentScrape("skipped", version)}, recorded=True) == 1


def slots_due(at: datetime, hour: int, *known: datetime, status: str = "ok", **asked: Any) -> list[datetime]:
    """The slots of the source that are due at a moment, where nightly slots are at `hour`."""
    request = RunRequest(Path("home"), (source(),), (at,), nightly_hour=hour, **asked)
    scrapes = {("aws.spot", slot): CurrentScrape(status, "v") for slot in known}
    found, _ = due(request, cast("Ledger", LedgerWith(scrapes)))
    return [job.slot for job in found]


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def test_a_schedule_moved_to_an_earlier_hour_fills_the_slot_of_its_own_day() -> None:
    nights = (utc(19, 3), utc(20, 3))
    assert slots_due(utc(21, 2), 2, *nights) == [utc(21, 2)]
    # By hand on the day of the move: that day has its slot.
    assert slots_due(utc(20, 15), 2, *nights) == []


def test_a_schedule_moved_to_a_later_hour_doubles_no_day() -> None:
    nights = (utc(19, 2), utc(20, 2))
    assert slots_due(utc(20, 3, 17), 3, *nights) == []
    assert slots_due(utc(20, 2, 30), 3, *nights) == []
    assert slots_due(utc(21, 3, 17), 3, *nights) == [utc(21, 3)]


def test_a_failed_slot_is_tried_again_under_its_own_name_when_the_schedule_has_moved() -> None:
    assert slots_due(utc(20, 3, 17), 3, utc(20, 2), status="failed") == [utc(20, 2)]


def test_further_runs_of_a_day_try_again_what_failed_and_take_no_second_snapshot() -> None:
    hour = first_hour("0 4,16 * * *")
    assert slots_due(utc(20, 16), hour, utc(20, 4)) == []
    assert slots_due(utc(20, 16), hour, utc(20, 4), status="failed") == [utc(20, 4)]
    assert slots_due(utc(20, 16), hour) == [utc(20, 4)]


def test_by_hand_before_the_schedule_the_slot_of_the_night_before_is_current() -> None:
    assert slots_due(utc(20, 1), 3) == [utc(19, 3)]
    assert slots_due(utc(20, 1), 3, utc(19, 3)) == []


def test_machines_with_different_schedules_take_one_snapshot_a_day_between_them() -> None:
    assert slots_due(utc(20, 2), 2, utc(19, 3)) == [utc(20, 2)]
    assert slots_due(utc(20, 3, 17), 3, utc(19, 3), utc(20, 2)) == []


def test_an_archive_is_read_into_the_slots_that_it_was_made_for(tmp_path: Path) -> None:
    for slot in (utc(19, 3), utc(20, 3), utc(21, 2)):
        path = archive_path(tmp_path, "aws.spot", slot, "run-00000000")
        path.parent.mkdir(parents=True)
        path.touch()
    for slot, at in ((utc(20, 3), utc(20, 3, 17)), (utc(21, 2), utc(21, 2, 4)), (utc(22, 2), utc(22, 2))):
        assert slots_due(at, 2, recorded=tmp_path) == [slot]


def test_many_moments_of_one_slot_are_one_job() -> None:
    request = RunRequest(Installation(Path("home")), (source(),), (AT, AT + timedelta(hours=1)))
    found, done = due(request, cast("Ledger", LedgerWith({})))
    assert [(job.source, job.slot) for job in found] == [("aws.spot", slot_of("nightly", AT))]
    assert done == 0


def test_a_run_succeeds_when_every_source_was_stored_whole_or_in_part() -> None:
    stored: list[Mapping[str, Any]] = [{"source": f"a.{end}", "status": end} for end in ("ok", "partial")]
    summary = RunSummary("r", "nightly", "live", AT, stored)
    assert summary.succeeded
    summary.scrapes.append({"source": "a.d", "status": "skipped"})
    assert not summary.succeeded
    assert summary.failed == ["a.d"]
    assert summary.row()["sources_failed"] == 1


def test_run_ids_sort_by_time() -> None:
    assert new_run_id(AT) < new_run_id(AT + timedelta(seconds=1))
