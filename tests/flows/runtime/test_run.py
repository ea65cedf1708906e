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
from scrapers.registry import Source, SourceDeclared
from scrapers.slots import slot_of
from warehouse.ledger import CurrentScrape, Ledger

AT = datetime(2026, 11, 20, 15, 40, tzinfo=UTC)


@dataclass
class LedgerWith:
    scrapes: dict[tuple[str, datetime], CurrentScrape]

    def settled(self) -> dict[tuple[str, datetime], CurrentScrape]:
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
