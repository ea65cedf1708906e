"""vast.ai's market, read from our own small books and from real answers where those are at hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from scrapers.page import Capture, FetchRequest, Json, PageBroken
from scrapers.parse import Parsed, parse
from scrapers.providers.vast_ai.search import SEARCH, follow
from scrapers.registry import source

SLOT = datetime(2026, 9, 21, 3, tzinfo=UTC)
OFFER: dict[str, Any] = json.loads(Path(__file__).with_name("offer.json").read_text(encoding="utf-8"))
NAMES = "https://console.vast.ai/api/v0/gpu_names/unique/"


def capture(value: Any, ask: FetchRequest, body: bytes | None = None) -> Capture:
    content = json.dumps(value).encode() if body is None else body
    return Capture(
        "vast_ai.market", ask.url, SLOT, 200, "application/json", content, label=ask.label, asked=ask.json
    )


def walked(*offers: Mapping[str, Any], names: tuple[str, ...] = ("RTX 4090",)) -> list[Capture]:
    """The answers of a whole walk through a market of at most one page a name."""
    captures = [capture({"success": True, "gpu_names": list(names)}, FetchRequest(NAMES, "names"))]
    asks = list(follow(FetchRequest(NAMES, "names"), Json(captures[0], {"gpu_names": list(names)})))
    for ask in asks:
        assert ask.json is not None
        page = {"offers": [offer for offer in offers if offer["gpu_name"] == ask.json["gpu_name"]["eq"]]}
        captures.append(capture(page, ask))
        asks.extend(follow(ask, Json(captures[-1], page)))
    return captures


def parsed(captures: list[Capture]) -> Parsed:
    return parse(source("vast_ai.market"), captures, slot=SLOT, run_id="run")


def rows(result: Parsed) -> dict[tuple[str, str], dict[str, Any]]:
    """Rows by (offer_key, pricing_model); the pair must be a key."""
    found = {(row["offer_key"], row["pricing_model"]): row for row in result.frames["offers"].to_dicts()}
    assert len(found) == result.frames["offers"].height
    return found


def chunk(**changes: Any) -> dict[str, Any]:
    return OFFER | changes


def test_an_offer_becomes_an_on_demand_and_an_interruptible_row_without_storage_in_either() -> None:
    result = parsed(walked(OFFER))
    found = rows(result)
    assert set(found) == {("501:2", "on_demand"), ("501:2", "interruptible")}
    on_demand, interruptible = found["501:2", "on_demand"], found["501:2", "interruptible"]
    assert (on_demand["usd_per_hour"], on_demand["usd_per_gpu_hour"]) == (0.68, 0.34)
    assert (interruptible["usd_per_hour"], interruptible["usd_per_gpu_hour"]) == (0.41, 0.205)
    assert on_demand["price_as_shown"] == "0.68"
    assert on_demand["storage_usd_per_gib_month"] == 0.2
    facts = {
        "machine_id": "501",
        "host_id": "61",
        "offer_id": "1001",
        "gpu_as_shown": "RTX 4090",
        "gpu_model": "RTX 4090",
        "gpu_count": 2,
        "gpu_memory_gib": 24.0,
        "vcpus": 32.0,
        "ram_gib": 128.0,
        "disk_gib": 512.5,
        "region": "Oslo, NO",
        "country": "NO",
        "egress_usd_per_gib": 0.004,
        "availability": "available",
        "gpus_available": 2,
        "gpus_total": 4,
        "reliability": 0.9987,
        "verified": True,
        "datacenter": True,
        "throughput": 180.5,
    }
    for row in (on_demand, interruptible):
        assert {name: row[name] for name in facts} == facts
    assert (result.rejected, result.notes.counts) == ([], {})


def test_no_address_of_a_host_reaches_a_row_or_the_quarantine() -> None:
    result = parsed(walked(OFFER, chunk(id=2, machine_id=502, num_gpus=0)))
    assert len(result.rejected) == 1
    assert "203.0.113.9" not in result.rejected[0].record
    assert "203.0.113.9" not in str(result.frames["offers"].to_dicts())


def test_chunks_of_a_machine_are_never_summed() -> None:
    book = [
        chunk(id=1, num_gpus=4, gpu_frac=1.0, gpu_ids=[11, 12, 13, 14], rentable=False, dph_base=1.4),
        chunk(id=2, num_gpus=2, gpu_ids=[11, 12], rentable=False, dph_base=0.60),
        chunk(id=3, num_gpus=2, gpu_ids=[13, 14], dph_base=0.72, min_bid=0.5),
        chunk(id=4, num_gpus=1, gpu_frac=0.25, gpu_ids=[13], dph_base=0.36, min_bid=0.3),
        chunk(id=5, num_gpus=1, gpu_frac=0.25, gpu_ids=[14], dph_base=0.35, min_bid=0.31),
    ]
    found = rows(parsed(walked(*book)))
    assert {key for key, model in found if model == "on_demand"} == {"501:1", "501:2", "501:4"}
    assert {row["gpus_available"] for row in found.values()} == {2}
    assert {row["gpus_total"] for row in found.values()} == {4}
    assert found["501:4", "on_demand"]["availability"] == "unavailable"
    # The cheaper half is rented out; the price is that of the half that can be had.
    assert found["501:2", "on_demand"]["usd_per_hour"] == 0.72
    # Of two equal chunks each way of buying takes its own cheapest.
    assert found["501:1", "on_demand"]["usd_per_hour"] == 0.35
    assert found["501:1", "interruptible"]["usd_per_hour"] == 0.3


def test_the_size_of_a_machine_is_known_from_any_of_its_chunks_and_unknown_without_a_share() -> None:
    eighth = chunk(num_gpus=1, gpu_frac=0.125, gpu_ids=[11])
    assert rows(parsed(walked(eighth)))["501:1", "on_demand"]["gpus_total"] == 8
    shy = rows(parsed(walked(chunk(gpu_frac=None, gpu_ids=None))))["501:2", "on_demand"]
    assert (shy["gpus_total"], shy["gpus_available"]) == (None, None)


@pytest.mark.parametrize("bid", [None, 0, float("nan"), float("inf")])
def test_without_a_bid_there_is_no_interruptible_row(bid: float | None) -> None:
    assert set(rows(parsed(walked(chunk(min_bid=bid))))) == {("501:2", "on_demand")}


def test_a_bid_above_the_on_demand_price_is_kept_as_it_is() -> None:
    found = rows(parsed(walked(chunk(dph_base=15.47, min_bid=19.2))))
    assert found["501:2", "interruptible"]["usd_per_hour"] == 19.2


def test_what_a_host_does_not_say_stays_unknown() -> None:
    silent = chunk(
        cpu_cores=None, cpu_cores_effective=0.0, dlperf=float("nan"), geolocation=", US", verification=None
    )
    row = rows(parsed(walked(silent)))["501:2", "on_demand"]
    assert row["vcpus"] is None
    assert row["throughput"] is None
    assert row["verified"] is None
    assert (row["region"], row["country"]) == ("US", "US")
    assert row["ram_gib"] == 128.0


def test_the_same_offer_on_two_pages_counts_once_with_its_highest_score() -> None:
    captures = walked(OFFER)
    names, ascending, descending = captures
    better = json.dumps({"offers": [chunk(score=300.0, dph_base=0.7), chunk(score=1.0, dph_base=0.9)]})
    ask = FetchRequest(descending.url, descending.label, descending.asked)
    result = parsed([names, ascending, capture(None, ask, better.encode())])
    assert rows(result)["501:2", "on_demand"]["usd_per_hour"] == 0.7
    assert result.frames["offers"]["capture_id"].unique().to_list() != [ascending.capture_id]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dph_base": None}, "dph_base"),
        ({"dph_base": "0.68"}, "dph_base"),
        ({"num_gpus": 0}, "num_gpus"),
        ({"num_gpus": 1.5}, "num_gpus"),
        ({"is_bid": True}, "bid"),
    ],
)
def test_an_offer_that_cannot_be_priced_is_quarantined_with_its_reason(
    changes: dict[str, Any], reason: str
) -> None:
    result = parsed(walked(chunk(id=1, machine_id=502), chunk(id=2, **changes)))
    assert {row["machine_id"] for row in rows(result).values()} == {"502"}
    (rejected,) = result.rejected
    assert reason in rejected.reason
    assert json.loads(rejected.record)["id"] == 2


def test_what_nobody_declared_is_a_finding_and_nothing_is_lost_for_it() -> None:
    strange = chunk(gpu_name="RTX 4090", power_cap_watts=320, verification="pending", geolocation="Atlantis")
    unknown = chunk(id=7, machine_id=502, gpu_name="Imaginary RTX 9999")
    result = parsed(walked(strange, unknown, names=("RTX 4090", "Imaginary RTX 9999")))
    assert set(result.notes.counts) == {
        ("new_field", "power_cap_watts"),
        ("unknown_word", "pending"),
        ("unknown_region", "Atlantis"),
        ("unknown_gpu", "Imaginary RTX 9999"),
    }
    models = {row["gpu_model"]: row["gpu_is_known"] for row in rows(result).values()}
    assert models == {"RTX 4090": True, "Imaginary RTX 9999": False}


def test_bundled_offers_mean_that_machines_are_hidden() -> None:
    result = parsed(walked(chunk(bundled_results=[{"id": 9}])))
    assert ("truncated", "bundled offers") in result.notes.counts


@pytest.mark.parametrize("missing", ["names", "RTX 4090 asc", "RTX 4090 desc"])
def test_a_walk_with_an_answer_missing_is_no_whole_book(missing: str) -> None:
    result = parsed([answer for answer in walked(OFFER) if answer.label != missing])
    subject = "names" if missing == "names" else "RTX 4090"
    assert ("truncated", subject) in result.notes.counts


@pytest.mark.parametrize(
    "value",
    [
        {"error": "search_quota_exceeded", "msg": "daily quota"},
        {"offers": None},
        [],
        {"offers": {"id": 1}},
        {"offers": [1]},
    ],
)
def test_an_answer_that_is_no_page_of_offers_breaks_the_scrape(value: Any) -> None:
    names, ascending, descending = walked(OFFER)
    error = capture(value, FetchRequest(ascending.url, ascending.label, ascending.asked))
    with pytest.raises(PageBroken):
        parsed([names, error, descending])


def test_real_pages_of_2026_give_the_figures_that_stand_in_them(captures_dir: Path) -> None:
    raw, captures = [], []
    for direction in ("asc", "desc"):
        body = (captures_dir / "vast" / f"h100_sxm_{direction}.2026-08.json").read_bytes()
        raw += json.loads(body)["offers"]
        query = {"gpu_name": {"eq": "H100 SXM"}, "order": [["dph_total", direction]]}
        captures.append(capture(None, FetchRequest(SEARCH, f"H100 SXM {direction}", query), body))
    result = parsed(captures)
    found = rows(result)
    assert len(found) == 2 * len(raw) == 32
    for offer in raw:
        key = f"{offer['machine_id']}:{offer['num_gpus']}"
        assert found[key, "on_demand"]["usd_per_hour"] == offer["dph_base"]
        assert found[key, "interruptible"]["usd_per_hour"] == offer["min_bid"]
        assert found[key, "on_demand"]["usd_per_gpu_hour"] == offer["dph_base"] / offer["num_gpus"]
        assert found[key, "on_demand"]["offer_id"] == str(offer["id"])
        assert found[key, "on_demand"]["gpus_total"] == round(offer["num_gpus"] / offer["gpu_frac"])
        storage = offer["storage_cost"] / 720 * 8
        assert offer["dph_base"] + storage == pytest.approx(offer["dph_total"])
    frame = result.frames["offers"]
    assert frame["gpu_model"].unique().to_list() == ["H100"]
    assert frame["gpu_form_factor"].unique().to_list() == ["SXM"]
    assert frame["gpu_memory_gib"].unique().to_list() == [80.0]
    assert frame.filter(pl.col("machine_id") == "68475")["gpus_available"].unique().to_list() == [8]
    # The half of a machine has half of its memory: the field is the share already.
    whole, half = found["68475:8", "on_demand"], found["68475:4", "on_demand"]
    assert whole["ram_gib"] == pytest.approx(2 * half["ram_gib"])
    # The stored pages are an excerpt of eight offers each, and the check for a hidden page limit says so.
    assert set(result.notes.counts) == {("truncated", "names"), ("truncated", "H100 SXM")}
    assert result.rejected == []
