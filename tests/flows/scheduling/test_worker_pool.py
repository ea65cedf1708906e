"""A shared run ends within minutes whatever becomes of its workers, and every due source has a row."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.states import Completed, Crashed, Pending, Running, Scheduled

from flows.pipeline.missed_slots import missed
from flows.runtime.installation import Installation
from flows.runtime.run import RunRequest, RunSummary
from flows.scheduling import worker_pool
from flows.scheduling.heartbeat import LIFE_PATIENCE, START_PATIENCE, Heartbeat, ShareMonitor
from flows.scheduling.worker_pool import await_shares, record_unread, unread
from scrapers.registry import source
from scrapers.slots import slot_of
from tests.warehouse.test_views import scraped
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.storage import FileStorage

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
SPOT = source("aws.spot")


def test_a_running_share_is_given_up_once_it_shows_no_sign_of_life() -> None:
    watch = ShareMonitor({"a": 3600.0, "b": 3600.0}, 0.0)
    for now in range(0, 1200, 20):
        watch.see("a", Heartbeat("RUNNING", now), now)
        watch.see("b", Heartbeat("RUNNING", min(now, 400)), now)
        assert watch.given_up("a", now) == ""
        assert bool(watch.given_up("b", now)) == (now - 400 > LIFE_PATIENCE)
    assert watch.given_up("b", 1200) == "its worker has shown no sign of life for 13 minutes"


def test_a_share_that_lives_is_bounded_by_what_its_sources_may_take() -> None:
    watch = ShareMonitor({"a": 600.0}, 0.0)
    for now in range(0, 601, 20):
        watch.see("a", Heartbeat("RUNNING", now), now)
        assert watch.given_up("a", now) == ""
    watch.see("a", Heartbeat("RUNNING", 620), 620)
    assert watch.given_up("a", 620) == "it was not done after 10 minutes"


def test_a_share_waits_for_a_worker_as_long_as_the_night_moves() -> None:
    watch = ShareMonitor({"a": 3600.0, "waiting": 3600.0}, 0.0)
    for now in range(0, 900, 20):
        watch.see("a", Heartbeat("RUNNING", now), now)
        watch.see("waiting", Heartbeat("SCHEDULED", now), now)
        assert watch.given_up("waiting", now) == ""
    watch.see("a", Heartbeat("COMPLETED"), 900)
    watch.see("waiting", Heartbeat("SCHEDULED", 900), 900)
    assert watch.given_up("waiting", 900 + START_PATIENCE) == ""
    assert watch.given_up("waiting", 901 + START_PATIENCE) == "no worker took it within 5 minutes"


def test_a_share_that_a_worker_took_and_never_started_is_given_up() -> None:
    watch = ShareMonitor({"a": 3600.0, "b": 3600.0}, 0.0)
    watch.see("a", Heartbeat("PENDING", 1), 0.0)
    for now in range(0, 400, 20):
        watch.see("b", Heartbeat("RUNNING", now), now)
    assert watch.given_up("a", START_PATIENCE) == ""
    assert "did not start it" in watch.given_up("a", START_PATIENCE + 1)


@dataclass
class Pool:
    """Prefect as the sharing run sees it: what each share's state is, look by look."""

    states: dict[str, list[Any]]
    marked: dict[str, str] = field(default_factory=dict)

    async def start(self, name: str, *, parameters: dict[str, Any], **_: Any) -> Any:
        provider = parameters["share"]
        if not self.states[provider]:
            raise RuntimeError("no such deployment")
        return SimpleNamespace(id=provider, state=None, updated=None)

    async def read(self, runs: Any) -> list[Any]:
        found = []
        for run in runs:
            states = self.states[run.id]
            state = states.pop(0) if len(states) > 1 else states[0]
            if state is not None:
                found.append(SimpleNamespace(id=run.id, state=state, updated="once"))
        return found

    async def give_up(self, run: Any, why: str) -> None:
        self.marked[run.id] = why


def test_dead_shares_are_marked_and_the_others_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(
        {
            "whole": [Scheduled(), Pending(), Running(), Completed()],
            "killed": [Running(), Crashed(message="exit code -9")],
            "dead": [Running()],
            "taken by nobody": [Scheduled()],
            "unanswered": [Running(), None],
            "unstartable": [],
        }
    )
    clock = iter(range(0, 100_000, 60))
    monkeypatch.setattr(worker_pool, "arun_deployment", pool.start)
    monkeypatch.setattr(worker_pool, "_read", pool.read)
    monkeypatch.setattr(worker_pool, "_give_up", pool.give_up)
    monkeypatch.setattr(worker_pool, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    became = asyncio.run(await_shares("nightly", None, dict.fromkeys(pool.states, 9e9), every=0.0))
    assert became["whole"] == ""
    assert became["killed"] == "exit code -9"
    assert "no sign of life" in became["dead"]
    assert "no sign of life" in became["unanswered"]
    assert "no worker took it" in became["taken by nobody"]
    assert "could not be given to the pool: no such deployment" in became["unstartable"]
    assert pool.marked.keys() == {"dead", "taken by nobody", "unanswered"}
    # Within minutes, by a clock of which each look takes one.
    assert next(clock) < 20 * 60


def test_what_nobody_read_has_a_row_that_says_why(tmp_path: Path) -> None:
    request = RunRequest(Installation(tmp_path), (SPOT,), (NOW,))
    summary = RunSummary("run", "nightly", "live", NOW)
    with Ledger(FileStorage(tmp_path)) as ledger:
        assert [job.source for job in unread(request, ledger)] == [SPOT.id]
        record_unread(request, ledger, summary, {"aws": "its worker has shown no sign of life for 3 minutes"})
        assert unread(request, ledger) == []
        ((status, error),) = ledger.query("SELECT last_status, last_error FROM freshness").rows()
        assert ledger.query("SELECT flow, sources_failed FROM runs").rows() == [("nightly", 1)]
    assert (status, error) == (
        "skipped",
        "no worker of the pool read it: its worker has shown no sign of life for 3 minutes",
    )


def test_a_night_whose_own_run_died_is_missed_by_the_sources_that_it_left(tmp_path: Path) -> None:
    """The shares that ended have left rows of runs, and those of the others are recorded by the next run."""
    slot = slot_of("nightly", NOW)
    with Ledger(FileStorage(tmp_path)) as ledger:
        record = scraped(0, "offers", [])
        identity = {"provider": "aws", "source": SPOT.id, "slot": slot - timedelta(days=1)}
        ledger.append(ScrapeRecord({**record.scrape, **identity}))
        counts = dict.fromkeys(("sources_due", "sources_ok", "sources_partial", "sources_failed"), 1)
        row = {"run_id": "share", "flow": "nightly", "origin": "live", "gpuledger_version": "0"}
        share_began = slot + timedelta(minutes=20)
        ledger.append_run({**row, **counts, "started_at": share_began, "finished_at": share_began})
        request = RunRequest(Installation(tmp_path), (SPOT,), (NOW,))
        now = slot + timedelta(days=1, minutes=17)
        found = asyncio.run(missed(request, ledger, run_id="next", cron="17 3 * * *", now=now))
    assert [record.scrape["slot"] for record in found] == [slot]
