"""A year of nights: every page stays under two megabytes, and what is drawn is what was measured."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from reports import build
from reports.charts import with_gaps
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.schema import BY_NAME
from warehouse.storage import FileStorage, Storage

NIGHTS = 365
FIRST = datetime(2025, 11, 20, 3, tzinfo=UTC)
CLOUDS = ("aws", "azure", "google_cloud", "oracle", "lambda_cloud", "paperspace", "digitalocean")
GPUS = [
    ("H100", "SXM", 80.0),
    ("A100", "SXM", 80.0),
    ("A100", "PCIe", 40.0),
    ("L4", "PCIe", 24.0),
    ("T4", "PCIe", 16.0),
]
MOST_BYTES = 2_000_000


def offers(provider: str, slot: datetime, draw: random.Random) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    is_market = provider == "vast_ai"
    for place in range(60 if is_market else 10):
        model, form, memory = GPUS[place % len(GPUS)]
        spot = "interruptible" if is_market else "spot"
        rows.append(
            {
                "offer_key": f"{place}",
                "gpu_model": model,
                "gpu_form_factor": form,
                "gpu_memory_gib": memory,
                "gpu_is_known": True,
                "gpu_count": 1,
                "pricing_model": "on_demand" if place % 2 else spot,
                "usd_per_hour": (price := 2 * draw.lognormvariate(0, 0.1)),
                "usd_per_gpu_hour": price,
                "machine_id": f"m{place}" if is_market else None,
                "host_id": f"h{place % 15}" if is_market else None,
                "gpus_total": 8 if is_market else None,
                "gpus_available": draw.randint(1, 8) if is_market else None,
                "availability": "available" if is_market else "unknown",
            }
        )
    common = {
        "slot": slot,
        "observed_at": slot,
        "run_id": f"{slot:%j}",
        "provider": provider,
        "source": f"{provider}.prices",
        "capture_id": "c",
        "parser_version": "v",
        "currency": "USD",
        "source_url": "https://example.com",
    }
    return [{**row, **common} for row in rows]


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Storage:
    home = tmp_path_factory.mktemp("year")
    draw = random.Random(11)
    rows: list[dict[str, Any]] = []
    scrapes: list[dict[str, Any]] = []
    for night in range(NIGHTS):
        slot = FIRST + timedelta(days=night)
        for provider in (*CLOUDS, "vast_ai"):
            read = offers(provider, slot, draw)
            who = {name: read[0][name] for name in ("slot", "run_id", "provider", "source", "parser_version")}
            counts = {"rows_parsed": len(read), "rows_accepted": len(read), "rows_quarantined": 0}
            times = {"started_at": slot, "finished_at": slot, "status": "ok", "error": None, "robots": None}
            scrapes.append({**who, **counts, **times, "capture_ids": ["c"]})
            rows += read
    last = scrapes.pop()
    # One transaction for the year: the other scrapes' rows go in with the last one's.
    others = pl.DataFrame(scrapes, schema=BY_NAME["scrapes"].polars())
    every = pl.DataFrame(rows, schema=BY_NAME["offers"].polars())
    with Ledger(FileStorage(home)) as ledger:
        ledger.append(ScrapeRecord(last, {"offers": every, "scrapes": others}))
    return FileStorage(home).publish()


def test_no_page_of_a_year_is_large(year: Storage, tmp_path: Path) -> None:
    built = build.build(year, tmp_path / "site", as_of=FIRST + timedelta(days=NIGHTS))
    large = {page.name: page.stat().st_size for page in built if page.stat().st_size > MOST_BYTES}
    assert large == {}
    assert (tmp_path / "site" / "gpu-h100-sxm-80.html") in built


def test_a_missed_day_is_a_gap_in_the_line() -> None:
    days = [FIRST.date(), FIRST.date() + timedelta(days=2)]
    frame = pl.DataFrame({"series": ["a", "a"], "day": days, "value": [1.0, 3.0]})
    assert with_gaps(frame)["value"].to_list() == [1.0, None, 3.0]
