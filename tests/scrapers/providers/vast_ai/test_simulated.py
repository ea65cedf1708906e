"""The demo's market: the same walk reads it, and its told events can be found in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import polars as pl

from scrapers.page import Capture
from scrapers.parse import Parsed, parse
from scrapers.providers.vast_ai import simulated
from scrapers.registry import source
from scrapers.simulation import SimulatedNight

FIRST = datetime(2026, 9, 21, 3, tzinfo=UTC)
MARKET = source("vast_ai.market")


def night_of(index: int) -> SimulatedNight:
    slot = FIRST + timedelta(days=index)
    return SimulatedNight(index, slot, slot + timedelta(minutes=17))


@cache
def read_night(index: int) -> Parsed:
    night = night_of(index)
    labels = {request.url: request.label for request in MARKET.requests}
    captures = [
        Capture(
            answer.source,
            answer.url,
            night.at + timedelta(seconds=answer.after_seconds),
            answer.status,
            answer.media_type,
            answer.body,
            label=labels.get(answer.url, ""),
            asked=answer.asked,
        )
        for answer in simulated.answers(night)
        if not answer.url.endswith("/robots.txt")
    ]
    return parse(MARKET, captures, slot=night.slot, run_id="run")


def offers(index: int, model: str | None = None) -> pl.DataFrame:
    frame = read_night(index).frames["offers"].filter(pl.col("pricing_model") == "on_demand")
    return frame if model is None else frame.filter(pl.col("gpu_model") == model)


def median(index: int, model: str) -> float:
    price = offers(index, model)["usd_per_gpu_hour"].median()
    assert isinstance(price, float)
    return price


def is_listed(machine: int, index: int) -> bool:
    return str(machine) in set(offers(index)["machine_id"])


def test_a_night_is_whole_and_good_by_the_declaration() -> None:
    good = MARKET.declared.good["offers"]
    for index in (0, 10, 59):
        parsed = read_night(index)
        assert (parsed.rejected, parsed.notes.counts) == ([], {})
        frame = parsed.frames["offers"]
        assert frame.height >= good.rows_at_least
        for column, values in good.must_have.items():
            assert set(values) <= set(frame[column])
        assert frame.select("offer_key", "pricing_model").is_unique().all()


def test_a_night_is_the_same_whenever_it_is_made() -> None:
    assert list(simulated.answers(night_of(7))) == list(simulated.answers(night_of(7)))


def test_the_most_common_gpu_fills_more_than_a_page() -> None:
    labels = [answer.asked for answer in simulated.answers(night_of(0)) if answer.asked]
    assert any("num_gpus" in query for query in labels)


def test_the_told_events_are_in_the_book() -> None:
    assert median(23, "RTX 4090") > 1.25 * median(20, "RTX 4090")
    assert median(41, "H100") > 1.4 * median(40, "H100")
    assert any(is_listed(simulated.GONE_MACHINE, index) for index in range(30, 35))
    assert not any(is_listed(simulated.GONE_MACHINE, index) for index in (35, 40, 59))
    assert read_night(33).notes.counts == {("unknown_gpu", simulated.UNKNOWN_GPU): 1}
    assert set(read_night(48).notes.counts) == {("new_field", "power_cap_watts")}
    dear = read_night(0).frames["offers"].filter(pl.col("machine_id") == str(simulated.NO_CORES_MACHINE))
    assert dear["vcpus"].null_count() == dear.height > 0


def test_machines_stay_while_their_offer_ids_change() -> None:
    before, after = offers(2), offers(8)
    both = before.join(after, on="offer_key", suffix="_later")
    assert both.height > 50
    assert both.filter(pl.col("offer_id") == pl.col("offer_id_later")).is_empty()
