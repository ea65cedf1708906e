"""The anomaly detector over a ledger: what is odd about a stored snapshot becomes an incident."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from flows.pipeline.anomalies import detect_anomalies
from scrapers.registry import source
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.schema import BY_NAME
from warehouse.storage import FileStorage

FIRST = datetime(2026, 9, 1, 3, tzinfo=UTC)
SOURCE = source("paperspace.machines")


def store(ledger: Ledger, index: int, prices: dict[str, float | None]) -> datetime:
    slot = FIRST + timedelta(days=index)
    common = {"run_id": f"r{index}", "provider": "paperspace", "source": SOURCE.id, "slot": slot}
    rows: list[dict[str, Any]] = [
        {
            **common,
            "observed_at": slot,
            "capture_id": f"c{index}",
            "parser_version": "v",
            "offer_key": key,
            "gpu_model": key,
            "gpu_count": 1,
            "pricing_model": "on_demand",
            "usd_per_hour": price,
            "usd_per_gpu_hour": price,
            "currency": "USD",
            "availability": "unknown",
            "source_url": "https://example.com",
        }
        for key, price in prices.items()
    ]
    scrape = {
        **common,
        "parser_version": "v",
        "started_at": slot,
        "finished_at": slot,
        "status": "ok",
        "rows_parsed": len(rows),
        "rows_accepted": len(rows),
        "rows_quarantined": 0,
        "capture_ids": [],
    }
    ledger.append(ScrapeRecord(scrape, {"offers": pl.DataFrame(rows, schema=BY_NAME["offers"].polars())}))
    return slot


def test_a_quiet_history_has_no_incident_and_an_odd_night_has_one(tmp_path: Path) -> None:
    usual = {"H100": 5.0, "A100": 3.0, "P4000": 0.5}
    with Ledger(FileStorage(tmp_path)) as ledger:
        nights = [{key: usd + index / 100 for key, usd in usual.items()} for index in range(20)]
        slots = [store(ledger, index, prices) for index, prices in enumerate(nights)]
        assert detect_anomalies(SOURCE, slots, ledger, run_id="w") == 0
        odd = store(ledger, 20, dict.fromkeys(usual))
        assert detect_anomalies(SOURCE, [odd], ledger, run_id="w") == 1
        (incident,) = ledger.query("FROM incidents").to_dicts()
    assert (incident["kind"], incident["severity"], incident["source"]) == (
        "column_emptied",
        "warning",
        "paperspace.machines",
    )
    assert incident["slot"] == odd
    assert json.loads(incident["evidence"])["column"] == "usd_per_hour"


def test_what_ended_is_told_for_the_night_it_was_noticed(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        for index in range(20):
            store(ledger, index, {"H100": 5.0 + index, "A100": 3.0})
        last = [store(ledger, index, {"H100": 5.0 + index}) for index in (20, 21, 22)]
        detect_anomalies(SOURCE, last, ledger, run_id="w")
        found = ledger.query("SELECT slot, kind, summary FROM incidents ORDER BY slot").rows()
    assert (last[1], "ended", "no longer on offer: A100") in found
    assert [kind for _, kind, _ in found].count("ended") == 1


def kinds(ledger: Ledger) -> list[tuple[datetime, str]]:
    return ledger.query("SELECT slot, kind FROM incidents ORDER BY slot, kind").rows()


def test_a_late_snapshot_is_judged_by_what_is_before_it_alone(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        for index in range(20):
            store(ledger, index, {"H100": 5.0 + index / 100, "A100": 3.0})
        for index in range(21, 60):
            store(ledger, index, {"H100": 500.0 + index, "A100": 300.0})
        late = store(ledger, 20, {"H100": 500.0, "A100": 300.0})
        detect_anomalies(SOURCE, [late], ledger, run_id="w")
        assert kinds(ledger) == [(late, "rescaled")]


def test_every_one_of_many_snapshots_that_come_together_is_judged(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        slots = [store(ledger, index, {"H100": 5.0 + index / 100}) for index in range(20)]
        slots += [store(ledger, 20, {"H100": None})]
        slots += [store(ledger, index, {"H100": 5.0 + index / 100}) for index in range(21, 130)]
        detect_anomalies(SOURCE, slots, ledger, run_id="w")
        assert kinds(ledger) == [(slots[20], "column_emptied")]
