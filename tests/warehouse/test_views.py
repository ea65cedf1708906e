"""The gold views, held against figures computed here in plain Python."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median
from typing import Any

import polars as pl
import pytest

from flows.history.facts import FACTS
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.schema import BY_NAME, HISTORY
from warehouse.storage import FileStorage

FIRST = datetime(2026, 9, 1, 3, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(FileStorage(tmp_path)) as opened:
        yield opened


def store(ledger: Ledger, day: int, table: str, rows: Sequence[dict[str, Any]], **which: Any) -> None:
    ledger.append(scraped(day, table, rows, **which))


def scraped(
    day: int,
    table: str,
    rows: Sequence[dict[str, Any]],
    *,
    status: str = "ok",
    hour: int = 3,
    provider: str = "p",
    again: bool = False,
) -> ScrapeRecord:
    """What a scrape brings; one that is read `again` corrects the first."""
    slot = (FIRST + timedelta(days=day)).replace(hour=hour)
    run_id = f"run-{day}-{hour}-{provider}{'-again' * again}"
    identity = {
        "observed_at": slot,
        "slot": slot,
        "run_id": run_id,
        "provider": provider,
        "source": f"{provider}.s",
        "capture_id": "c",
        "parser_version": "v",
        "source_url": "https://example.com",
    }
    frame = pl.DataFrame([{**identity, **row} for row in rows], schema=BY_NAME[table].polars())
    scrape = {
        "run_id": run_id,
        "provider": provider,
        "source": f"{provider}.s",
        "slot": slot,
        "started_at": slot,
        "finished_at": slot + timedelta(minutes=again),
        "status": status,
        "error": None if status == "ok" else "it broke",
        "rows_parsed": len(rows),
        "rows_accepted": len(rows),
        "rows_quarantined": 0,
        "capture_ids": [],
        "robots": None,
        "parser_version": "v",
    }
    return ScrapeRecord(scrape, {table: frame})


def offer(price: float | None, *, key: str = "a", gpus: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "offer_key": key,
        "gpu_model": "H100",
        "gpu_is_known": True,
        "gpu_form_factor": "SXM",
        "gpu_memory_gib": 80.0,
        "gpu_count": gpus,
        "pricing_model": "spot",
        "usd_per_hour": None if price is None else price * gpus,
        "usd_per_gpu_hour": price,
        "currency": "USD",
        "availability": "available",
        **changes,
    }


def term(value: str | None, state: str = "present") -> dict[str, Any]:
    return {"tier": "Free", "term": "gpu_models", "value_text": value, "state": state, "quote": value}


def test_volatility_is_s1_with_a_gap_and_s4_beside_it(ledger: Ledger) -> None:
    days = [day for day in range(30) if day not in {7, 8}]
    prices = {day: 2.0 + 0.1 * math.sin(day // 2) for day in days}
    for day in days:
        store(ledger, day, "offers", [offer(prices[day])])
    returns = [math.log(prices[b] / prices[a]) for a, b in pairwise(days)]
    elapsed = days[-1] - days[0]
    changed = sum(value != 0 for value in returns) / len(returns)
    (found,) = ledger.query("FROM volatility").to_dicts()
    assert found["hv90"] == pytest.approx(100 * math.sqrt(365 * sum(r * r for r in returns) / elapsed))
    assert found["n90"] == len(returns)
    assert found["hv7"] is None
    assert found["suppressed7"] == "insufficient data: 7 returns, 20 needed"
    assert found["change_share"] == pytest.approx(changed)
    spell = -1 / math.log(1 - changed) * elapsed / len(returns)
    assert found["implied_spell_days"] == pytest.approx(spell)


def test_the_companions_of_volatility_are_their_formulas(ledger: Ledger) -> None:
    prices = [2.0 + 0.3 * math.sin(day) for day in range(25)]
    for day, price in enumerate(prices):
        store(ledger, day, "offers", [offer(price)])
    returns = [math.log(after / before) for before, after in pairwise(prices)]
    variance = returns[0] ** 2
    for value in returns[1:]:
        variance = 0.94 * variance + 0.06 * value**2
    middle = median(returns)
    peak = trough = prices[0]
    drawdown = run_up = 0.0
    for price in prices:
        peak, trough = max(peak, price), min(trough, price)
        drawdown, run_up = max(drawdown, 1 - price / peak), max(run_up, price / trough - 1)
    (found,) = ledger.query("FROM volatility").to_dicts()
    assert found["ewma_volatility"] == pytest.approx(100 * math.sqrt(365 * variance))
    assert found["robust_volatility"] == pytest.approx(1.4826 * median(abs(r - middle) for r in returns))
    steps = [abs(after - before) for before, after in pairwise(prices)]
    assert found["velocity"] == pytest.approx(fmean(steps) / fmean(prices))
    assert (found["max_drawdown"], found["max_run_up"]) == (pytest.approx(drawdown), pytest.approx(run_up))
    ups = sum(value > 0 for value in returns)
    assert (found["up_share"], found["down_share"]) == (ups / 24, (24 - ups) / 24)


def test_volatility_is_free_of_the_currency(ledger: Ledger) -> None:
    for day in range(25):
        price = 1.0 + 0.1 * (day % 3)
        rows = [offer(price), offer(price * 7.1, key="b", gpu_form_factor="PCIe")]
        store(ledger, day, "offers", rows)
    names = "hv30, ewma_volatility, robust_volatility, velocity, max_drawdown, max_run_up"
    one, other = ledger.query(f"SELECT {names} FROM volatility").rows()
    assert one == pytest.approx(other)


def test_realised_volatility_needs_six_looks_a_day_and_no_midnight(ledger: Ledger) -> None:
    prices = [1.0, 1.1, 1.0, 1.2, 1.2, 1.1, 5.0]
    for place, price in enumerate(prices[:6]):
        store(ledger, 0, "offers", [offer(price)], hour=place * 4)
    store(ledger, 1, "offers", [offer(prices[6])])
    (found,) = ledger.query("FROM realised_volatility").to_dicts()
    within = [math.log(after / before) for before, after in pairwise(prices[:6])]
    assert found["realised_volatility"] == pytest.approx(math.sqrt(sum(r * r for r in within)))
    assert (found["day"], found["slots"]) == (date(2026, 9, 1), 6)


def machine(name: str, gpus: int = 1, free: int | None = None, of: int = 8) -> dict[str, Any]:
    free = gpus if free is None else free
    return offer(1.0, key=f"{name}:{gpus}", gpus=gpus, machine_id=name, gpus_total=of, gpus_available=free)


def test_a_listing_is_a_machine_with_so_many_gpus_and_a_gap_compares_nothing(ledger: Ledger) -> None:
    store(ledger, 0, "offers", [machine("a"), machine("a", 2), machine("b")])
    store(ledger, 1, "offers", [machine("a"), machine("c")])
    store(ledger, 2, "offers", [machine("a"), machine("c")])
    store(ledger, 5, "offers", [machine("d")])
    rows = ledger.query("SELECT slot, listings, entered, left_market FROM listing_churn ORDER BY slot").rows()
    assert [row[1:] for row in rows] == [(2, 1, 2), (2, 0, 0)]
    rates = ledger.query("SELECT entry_rate, exit_rate FROM listing_churn ORDER BY slot LIMIT 1").row(0)
    assert rates == (pytest.approx(1 / 2), pytest.approx(2 / 3))


def test_rented_gpus_are_counted_once_a_machine_and_matched_with_themselves(ledger: Ledger) -> None:
    store(ledger, 0, "offers", [machine("a", 1, free=6), machine("a", 4, free=6), machine("b", 8, free=8)])
    store(ledger, 1, "offers", [machine("a", 1, free=2), machine("c", 8, free=8)])
    first, second = ledger.query("FROM rented_daily ORDER BY day").to_dicts()
    assert (first["rented_share"], first["matched_machines"]) == (2 / 16, 0)
    assert (second["rented_share"], second["matched_machines"]) == (6 / 16, 1)
    assert (second["matched_rented_share"], second["matched_rented_share_before"]) == (6 / 8, 2 / 8)


def test_breadth_is_over_the_venues_that_answered(ledger: Ledger) -> None:
    store(ledger, 0, "offers", [offer(1.0)])
    store(ledger, 0, "offers", [offer(1.0, availability="unavailable")], provider="q")
    store(ledger, 1, "offers", [offer(1.0)], provider="q")
    rows = ledger.query("SELECT venues_answering, venues_with_stock FROM breadth_daily ORDER BY day").rows()
    assert rows == [(2, 1), (1, 1)]


def test_every_column_of_every_view_says_what_it_is(ledger: Ledger) -> None:
    unsaid = ledger.query("""
        SELECT view_name, column_name
        FROM duckdb_columns() AS c JOIN duckdb_views() AS v ON v.view_name = c.table_name
        WHERE NOT v.internal AND c.comment IS NULL
    """)
    assert unsaid.rows() == []


def test_a_scrape_has_the_origin_that_the_name_of_its_source_says(ledger: Ledger) -> None:
    for number, source in enumerate(["p.s", FACTS, f"{HISTORY}others.east", "prehistory:p"]):
        record = scraped(number, "offers", [offer(1.0)])
        named = {**record.scrape, "source": source}
        offers = record.frames["offers"].with_columns(source=pl.lit(source))
        ledger.append(ScrapeRecord(named, {"offers": offers}))
    asked = "SELECT source, origin FROM {} ORDER BY slot"
    every = [
        ("p.s", "snapshot"),
        (FACTS, "facts"),
        ("history:others.east", "imported"),
        ("prehistory:p", "snapshot"),
    ]
    assert ledger.query(asked.format("valid_scrapes")).rows() == every
    assert ledger.query(asked.format("current_scrapes")).rows() == [*every[:2], every[3]]
    assert ledger.query(asked.format("history_scrapes")).rows() == [every[2]]
    void = {"run_id": "run-0-3-p", "voided_at": FIRST, "reason": "clock", "gpuledger_version": "1"}
    ledger.append_rows("void_runs", [void])
    assert ledger.query(asked.format("valid_scrapes")).rows() == every[1:]


def test_the_origin_is_explained_where_it_can_be_read(ledger: Ledger) -> None:
    said = dict(
        ledger.query(
            "SELECT table_name, comment FROM duckdb_columns() WHERE column_name = 'origin'"
        ).iter_rows()
    )
    for view in ("valid_scrapes", "current_scrapes"):
        assert said[view].startswith("snapshot (a source that is read on a schedule)")
    assert said["history_scrapes"] == "imported (a public history)."


def test_percentiles_count_a_price_once_per_gpu(ledger: Ledger) -> None:
    rows = [offer(1.0, key="a", gpus=1), offer(2.0, key="b", gpus=8), offer(3.0, key="c", gpus=1)]
    store(ledger, 0, "offers", rows)
    by_gpu = sorted([1.0] + [2.0] * 8 + [3.0])
    (found,) = ledger.query("FROM price_daily").to_dicts()
    for name, share in (("p10", 0.1), ("p25", 0.25), ("p50", 0.5), ("p75", 0.75), ("p90", 0.9)):
        assert found[name] == by_gpu[math.ceil(share * len(by_gpu)) - 1]
    assert (found["gpus"], found["offers"], found["spread"]) == (10, 3, 0)


def test_the_spread_of_prices_is_their_interquartile_range_over_their_median(ledger: Ledger) -> None:
    store(ledger, 0, "offers", [offer(price, key=str(price)) for price in (1.0, 2.0, 4.0, 6.0)])
    (found,) = ledger.query("FROM price_daily").to_dicts()
    assert (found["p25"], found["p50"], found["p75"], found["spread"]) == (1.0, 2.0, 4.0, 1.5)


def test_chunks_of_a_machine_are_never_summed(ledger: Ledger) -> None:
    machine = {"machine_id": "m", "gpus_total": 8, "gpus_available": 8}
    rows = [offer(2.0, key=f"m:{gpus}", gpus=gpus, **machine) for gpus in (1, 2, 4, 8)]
    store(ledger, 0, "offers", rows)
    assert ledger.query("SELECT gpus_total, gpus_available FROM market_machines").rows() == [(8, 8)]
    assert ledger.query("SELECT gpus FROM price_hourly").rows() == [(8,)]


def test_form_factors_and_pricing_models_are_never_mixed(ledger: Ledger) -> None:
    rows = [
        offer(1.0, key="a"),
        offer(2.0, key="b", gpu_form_factor="PCIe"),
        offer(3.0, key="c", pricing_model="on_demand"),
    ]
    store(ledger, 0, "offers", rows)
    assert ledger.query("SELECT p50 FROM price_daily ORDER BY 1")["p50"].to_list() == [1.0, 2.0, 3.0]


def test_a_silent_page_is_a_gap_and_not_a_change(ledger: Ledger) -> None:
    for day, (value, state) in enumerate(
        [("T4", "present"), (None, "unknown"), ("T4", "present"), ("L4", "present")]
    ):
        store(ledger, day, "terms", [term(value, state)])
    found = ledger.query("SELECT before, after, changed_at FROM free_tier_changes").rows()
    assert [(before, after) for before, after, _ in found] == [("T4", "L4")]


def test_the_last_known_term_stands_when_the_page_goes_silent(ledger: Ledger) -> None:
    store(ledger, 0, "terms", [term("T4")])
    store(ledger, 1, "terms", [term(None, "unknown")])
    assert ledger.query("SELECT value, still_on_page FROM free_tier_now").rows() == [("T4", False)]


def test_the_cheapest_can_be_had(ledger: Ledger) -> None:
    rows = [
        offer(1.0, key="gone", availability="unavailable"),
        offer(2.0, key="here"),
        offer(None, key="unpriced"),
    ]
    store(ledger, 0, "offers", rows)
    assert ledger.query("SELECT offer_key FROM cheapest_now").rows() == [("here",)]


def test_a_missed_night_is_no_price_change(ledger: Ledger) -> None:
    for day, price in ((0, 2.0), (2, 2.0), (3, 2.5)):
        store(ledger, day, "offers", [offer(price)])
    found = ledger.query("SELECT usd_per_hour_before, usd_per_hour, change FROM price_changes").rows()
    assert found == [(2.0, 2.5, 0.25)]


def test_freshness_counts_failures_since_the_last_good_slot(ledger: Ledger) -> None:
    store(ledger, 0, "offers", [offer(2.0)])
    store(ledger, 1, "offers", [], status="failed")
    store(ledger, 2, "offers", [], status="failed")
    (found,) = ledger.query("FROM freshness").to_dicts()
    assert (found["failures_since"], found["last_status"], found["last_error"]) == (2, "failed", "it broke")
    assert found["last_good_slot"].astimezone(UTC) == FIRST


def fact(on: str, value: float, **columns: Any) -> dict[str, Any]:
    return {
        "observed_as_stated": on,
        "observed_on": date.fromisoformat(f"{on}-01-01"[:10]),
        "subject": "Free",
        "term": "session_hours",
        "state": "present",
        "value_number": value,
        "unit": "hours",
        "currency": "USD",
        "standing": "seen",
        "origin": "o",
        **columns,
    }


def test_dated_facts_and_snapshots_are_one_history_of_a_term(ledger: Ledger) -> None:
    facts = [fact("2018", 12), fact("2019-10", 6), fact("2020", 6), fact("2021", 6, subject="Pro")]
    store(ledger, 0, "observations", facts)
    for day, hours in enumerate((6, 6, 4), start=1):
        said = term(None) | {"term": "session_hours", "tier": "Free", "value_number": hours, "unit": "hours"}
        store(ledger, day, "terms", [said])
    found = ledger.query(
        "SELECT changed_as_stated, before, after, standing FROM free_tier_changes ORDER BY changed_at"
    )
    assert found.rows() == [
        ("2019-10", "12 hours", "6 hours", "seen"),
        ("2026-09-04", "6 hours", "4 hours", "snapshot"),
    ]


def test_the_first_snapshot_is_held_against_the_last_dated_fact(ledger: Ledger) -> None:
    store(ledger, 0, "observations", [fact("2018", 12)])
    said = term(None) | {"term": "session_hours", "tier": "Free", "value_number": 4, "unit": "hours"}
    store(ledger, 1, "terms", [said])
    found = ledger.query("SELECT changed_as_stated, before, after FROM free_tier_changes").rows()
    assert found == [("2026-09-02", "12 hours", "4 hours")]
