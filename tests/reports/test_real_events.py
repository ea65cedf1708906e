"""Real events of real price histories come out of the views with their dates and their sizes.

The histories are not this project's to publish, so the tests skip where they are absent.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.schema import BY_NAME
from warehouse.storage import FileStorage

Priced = tuple[datetime, str, str, float]


def rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", newline="") as lines:
        yield from csv.DictReader(lines)


def stored(home: Path, prices: Iterable[Priced], **columns: Any) -> Ledger:
    """A ledger with one snapshot for each moment.

    (slot, offer_key, pricing model, USD per hour of 8 GPUs).
    """
    by_slot: dict[datetime, list[dict[str, Any]]] = {}
    for slot, key, pricing_model, price in prices:
        offer = {
            "offer_key": key,
            "pricing_model": pricing_model,
            "usd_per_hour": price,
            "usd_per_gpu_hour": price / 8,
            "gpu_count": 8,
            "gpu_model": "H100",
            "gpu_form_factor": "SXM",
            "gpu_memory_gib": 80.0,
            "gpu_is_known": True,
            "currency": "USD",
            "availability": "unknown",
            "source_url": "https://example.com",
            "capture_id": "c",
            "parser_version": "v",
            **columns,
        }
        by_slot.setdefault(slot, []).append(offer)
    ledger = Ledger(FileStorage(home)).__enter__()
    records = []
    for slot, offers in by_slot.items():
        who = {"slot": slot, "run_id": f"{slot}", "provider": "p", "source": "p.s"}
        frame = pl.DataFrame(
            [{**offer, **who, "observed_at": slot} for offer in offers], schema=BY_NAME["offers"].polars()
        )
        scrape = {
            **who,
            "started_at": slot,
            "finished_at": slot,
            "status": "ok",
            "rows_parsed": len(offers),
            "rows_accepted": len(offers),
            "rows_quarantined": 0,
            "capture_ids": ["c"],
            "parser_version": "v",
        }
        records.append(ScrapeRecord({"error": None, "robots": None, **scrape}, {"offers": frame}))
    ledger.append_all(records)
    return ledger


def test_the_list_price_of_a_p5_fell_by_44_per_cent_on_one_day(captures_dir: Path, tmp_path: Path) -> None:
    found = [
        (
            datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC),
            row["instance"],
            "on_demand",
            float(row["price_usd"]),
        )
        for row in rows(captures_dir / "history" / "amorton45_aws_p5_daily.csv.gz")
        if row["price_usd"]
    ]
    ledger = stored(tmp_path, sorted(found))
    (change,) = ledger.query("FROM price_changes").to_dicts()
    assert change["slot"].date().isoformat() == "2025-06-05"
    assert (change["usd_per_hour_before"], change["usd_per_hour"]) == (98.32, 55.04)
    assert change["change"] == pytest.approx(55.04 / 98.32 - 1)
    (measured,) = ledger.query("FROM volatility").to_dicts()
    assert measured["max_drawdown"] == pytest.approx(1 - 55.04 / 98.32)
    assert measured["change_share"] == pytest.approx(1 / measured["returns"])


def test_a_spot_price_fell_to_a_third_and_came_back_while_the_list_price_stood(
    captures_dir: Path, tmp_path: Path
) -> None:
    found = []
    for row in rows(captures_dir / "history" / "gcp_gpu_prices_weekly.csv.gz"):
        if (row["instance_type"], row["region"]) == ("a3-highgpu-8g", "us-central1"):
            slot = datetime.fromisoformat(row["commit_time"])
            for column, pricing_model in (("ondemand_usd_hour", "on_demand"), ("spot_usd_hour", "spot")):
                found.append((slot, row["instance_type"], pricing_model, float(row[column])))
    ledger = stored(tmp_path, dict.fromkeys(found))
    by_model = {row["pricing_model"]: row for row in ledger.query("FROM volatility").to_dicts()}
    assert by_model["on_demand"]["max_drawdown"] == 0
    assert by_model["on_demand"]["max_run_up"] == pytest.approx(88.49 / 87.8325 - 1, abs=1e-4)
    assert by_model["spot"]["max_drawdown"] == pytest.approx(1 - 20.365 / 62.547, abs=1e-3)
    assert by_model["spot"]["max_run_up"] == pytest.approx(50.61 / 20.365 - 1, abs=1e-2)
    fall = ledger.query("""
        SELECT slot::DATE::VARCHAR AS day, round(usd_per_hour, 1) AS now
        FROM price_changes WHERE pricing_model = 'spot' ORDER BY change LIMIT 1
    """)
    assert fall.row(0) == ("2025-03-13", 20.4)
    first_at_its_last = ledger.query("""
        SELECT min(slot)::DATE::VARCHAR FROM price_changes
        WHERE pricing_model = 'spot' AND round(usd_per_hour, 1) = 50.6
    """)
    assert first_at_its_last.item() == "2026-07-22"
