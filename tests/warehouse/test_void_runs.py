"""Void runs: their rows stay in the tables, and no view counts them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.queries import load_query
from flows.runtime.clock import ClockWrong, refuse_earlier_clock
from reports.pages import quality
from tests.warehouse.test_views import FIRST, offer, scraped
from warehouse import materialized
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage
from warehouse.views import views
from warehouse.void_runs import VoidRefused, declare_void, void_runs

AHEAD = 400
NOW = FIRST + timedelta(days=4)
MATERIALIZED = ("current_scrapes", "price_hourly", "latest_offers")


def night(day: int, price: float, **which: Any) -> ScrapeRecord:
    offers = [offer(price, key=f"k{place}", machine_id=f"m{place}") for place in range(3)]
    return scraped(day, "offers", offers, **which)


def run_row(run_id: str, day: int) -> dict[str, Any]:
    moment = FIRST + timedelta(days=day)
    counts = dict.fromkeys(("sources_due", "sources_ok", "sources_partial", "sources_failed"), 1)
    row = {"run_id": run_id, "flow": "nightly", "origin": "live", "gpuledger_version": "0"}
    return {**row, **counts, "started_at": moment, "finished_at": moment}


def declared(run_id: str, at: datetime, title: str) -> dict[str, Any]:
    listed = {"declared_at": at, "run_id": run_id, "provider": "p", "title": title, "kind": "cloud"}
    return {
        **listed,
        "status": "active",
        "enabled": True,
        "homepage": "h",
        "evidence": [],
        "sources": ["p.s"],
    }


def poison(ledger: Ledger) -> None:
    """What a run stored whose machine's clock was 400 days ahead."""
    ledger.append(night(AHEAD, 9.0))
    (slot, run_id) = (FIRST + timedelta(days=AHEAD), "run-400-3-p")
    for day in range(4, 8):
        missed = night(day, 1.0, status="missed")
        ledger.append(ScrapeRecord({**missed.scrape, "run_id": run_id, "rows_accepted": 0}))
    ledger.append_run(run_row(run_id, AHEAD))
    incident = {"provider": "p", "source": "p.s", "slot": slot, "kind": "frozen", "run_id": run_id}
    ledger.append_rows("incidents", [{**incident, "severity": "error", "summary": "s", "evidence": "{}"}])
    ledger.append_rows("providers", [declared(run_id, slot, "Poisoned")])
    told = {"told_at": slot, "run_id": run_id, "rule": "r", "subject": "s", "state": "passed", "message": "m"}
    ledger.append_rows("alerts", [told])


def fill(ledger: Ledger) -> None:
    for day in range(4):
        ledger.append(night(day, 2.0 + day))
        ledger.append_run(run_row(f"run-{day}-3-p", day))
    ledger.append_rows("providers", [declared("run-0-3-p", FIRST, "P")])
    told = {"told_at": FIRST, "run_id": "run-0-3-p", "rule": "r", "subject": "s", "state": "raised"}
    ledger.append_rows("alerts", [{**told, "message": "m"}])


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("void")
    with Ledger(FileStorage(home)) as ledger:
        fill(ledger)
    FileStorage(home).publish()
    return home


@pytest.fixture
def home(once: Path, tmp_path: Path) -> Iterator[Path]:
    return shutil.copytree(once, tmp_path / "home")  # type: ignore[return-value]


def answers(home: Path, *, at: datetime | None = None, cached: bool = False) -> dict[str, pl.DataFrame]:
    ways: dict[str, Any] = {"materialized": MATERIALIZED, "cache": home / "cache"} if cached else {}
    with read_warehouse(FileStorage(home), at, **ways) as connection:
        return {view: connection.sql(f"FROM {view} ORDER BY ALL").pl() for view in views()}


def differing(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> list[str]:
    return [view for view in views() if not one[view].equals(other[view])]


def void(home: Path, run_id: str = "run-400-3-p", now: datetime = NOW) -> int:
    with Ledger(FileStorage(home)) as ledger:
        scrapes = declare_void(ledger, run_id, "the clock was wrong", now=now, version="0")
    FileStorage(home).publish()
    return scrapes


def test_a_ledger_poisoned_by_a_wrong_clock_is_healed_in_every_view(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(materialized, "PERIOD_ROWS", 4)
    before = answers(home, cached=True)
    with Ledger(FileStorage(home)) as ledger:
        poison(ledger)
    FileStorage(home).publish()
    assert {"latest_offers", "freshness", "providers_now"} <= set(
        differing(before, answers(home, cached=True))
    )
    assert void(home) == 5
    assert differing(before, answers(home)) == []
    # What was cached while the run counted is not used any more.
    assert differing(before, answers(home, cached=True)) == []
    with Ledger(FileStorage(home)) as ledger:
        assert ledger.query("SELECT count(*) FROM offers WHERE run_id = 'run-400-3-p'").item() == 3


def test_the_warehouse_as_it_stood_before_still_counts_the_run(home: Path) -> None:
    late = night(3, 9.0, again=True)
    with Ledger(FileStorage(home)) as ledger:
        ledger.append(late)
    FileStorage(home).publish()
    assert void(home, "run-3-3-p-again", NOW) == 1
    highest = {
        at: answers(home, at=at)["latest_offers"]["usd_per_gpu_hour"].max()
        for at in (NOW - timedelta(minutes=1), NOW)
    }
    assert list(highest.values()) == [9.0, 5.0]


def test_what_a_run_asks_before_it_begins_leaves_a_void_run_out(home: Path) -> None:
    with Ledger(FileStorage(home)) as ledger:
        poison(ledger)
        with pytest.raises(ClockWrong, match="gpuledger ledger void run-400-3-p"):
            refuse_earlier_clock(ledger, NOW)
    void(home)
    with Ledger(FileStorage(home)) as ledger:
        refuse_earlier_clock(ledger, NOW)
        assert ("p.s", FIRST + timedelta(days=AHEAD)) not in ledger.current_scrapes()
        assert ledger.last_good("p.s", NOW + timedelta(days=AHEAD)) == {"offers": 3}
        assert ledger.query(load_query("last_live_run"), {"flow": "nightly"}).item() == FIRST + timedelta(
            days=3
        )
        assert ledger.query(load_query("alerts_raised")).rows() == [("r", "s")]
        asked = {"severity": None, "source": None, "now": NOW}
        assert ledger.query(load_query("alert_incident"), asked).is_empty()


def test_a_slot_of_a_void_run_is_due_again(home: Path) -> None:
    void(home, "run-2-3-p")
    with Ledger(FileStorage(home)) as ledger:
        assert ("p.s", FIRST + timedelta(days=2)) not in ledger.current_scrapes()


def test_a_run_is_void_once_and_must_be_known(home: Path) -> None:
    with Ledger(FileStorage(home)) as ledger:
        for run_id, reason, why in (
            ("run-9", "x", "the ledger has no run 'run-9'; list runs with: gpuledger sql"),
            ("run-1-3-p", "  ", "--reason is empty"),
        ):
            with pytest.raises(VoidRefused, match=why):
                declare_void(ledger, run_id, reason, now=NOW, version="0")
    void(home, "run-1-3-p")
    with (
        Ledger(FileStorage(home)) as ledger,
        pytest.raises(VoidRefused, match="is void already, since 2026-09-05 03:00Z: the clock was wrong"),
    ):
        declare_void(ledger, "run-1-3-p", "again", now=NOW, version="0")
    with read_warehouse(FileStorage(home)) as connection:
        (row,) = void_runs(connection)
    assert (row["run_id"], row["flow"], row["scrapes"]) == ("run-1-3-p", "nightly", 1)


def test_a_run_that_was_killed_can_be_void_too(home: Path) -> None:
    with Ledger(FileStorage(home)) as ledger:
        ledger.append(night(9, 7.0))
    assert void(home, "run-9-3-p") == 1
    assert answers(home)["latest_offers"]["usd_per_gpu_hour"].max() == 5.0


def test_the_data_quality_page_names_a_void_run_with_its_reason(home: Path) -> None:
    void(home, "run-1-3-p")
    with read_warehouse(FileStorage(home)) as connection:
        shown = quality.page(connection).shown["void_runs"]
    (row,) = shown.rows
    assert [cell.text for cell in row][:4] == [
        "run-1-3-p",
        "nightly",
        "2026-09-05 03:00Z",
        "the clock was wrong",
    ]
