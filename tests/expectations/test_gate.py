"""The gate: what is accepted, what is quarantined and why, and which snapshots are refused."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expectations.gate import Good, Snapshot, Verdict, judge
from warehouse.schema import BY_NAME

SLOT = datetime(2026, 11, 20, 3, tzinfo=UTC)
GOOD = {"offers": Good(rows_at_least=1, rows_warn_above=None, share_of_last_good_at_least=0.5, must_have={})}


def offer(key: str = "a", *, slot: datetime = SLOT, **changes: Any) -> dict[str, Any]:
    return {
        "observed_at": slot,
        "slot": slot,
        "run_id": "r",
        "provider": "p",
        "source": "p.s",
        "capture_id": "c",
        "parser_version": "v",
        "offer_key": key,
        "gpu_model": "H100",
        "gpu_count": 1,
        "pricing_model": "on_demand",
        "usd_per_gpu_hour": 2.0,
        "currency": "USD",
        "availability": "unknown",
        "source_url": "https://example.com",
        **changes,
    }


def snapshot(*rows: Mapping[str, Any], slot: datetime = SLOT) -> Snapshot:
    frame = pl.DataFrame([dict(row) for row in rows], schema=BY_NAME["offers"].polars(), strict=True)
    return Snapshot(slot, {"offers": frame}, "r", "p", "p.s", "v")


def verdict_on(*rows: Mapping[str, Any], good: Mapping[str, Good] = GOOD, **options: Any) -> Verdict:
    (verdict,) = judge([snapshot(*rows)], good, last_good=options.pop("last_good", {}), **options)
    return verdict


def kept(verdict: Verdict) -> list[str]:
    return verdict.accepted["offers"]["offer_key"].to_list() if verdict.accepted else []


def many(count: int, slot: datetime = SLOT) -> list[dict[str, Any]]:
    return [offer(f"k{number}", slot=slot) for number in range(count)]


def test_sound_rows_pass_untouched() -> None:
    verdict = verdict_on(*many(3))
    assert (verdict.status, verdict.error, verdict.quarantined.height) == ("ok", None, 0)
    assert verdict.accepted["offers"].equals(snapshot(*many(3)).frames["offers"])
    assert verdict.results["success"].all()


@pytest.mark.parametrize(
    ("change", "expectation"),
    [
        ({"usd_per_gpu_hour": 0.0}, "usd_per_gpu_hour above 0 and at most 1000"),
        ({"usd_per_gpu_hour": -1.0}, "usd_per_gpu_hour above 0 and at most 1000"),
        ({"usd_per_gpu_hour": 1000.01}, "usd_per_gpu_hour above 0 and at most 1000"),
        ({"usd_per_gpu_hour": math.nan}, "every number finite"),
        ({"throughput": math.inf}, "every number finite"),
        ({"gpu_count": 0}, "gpu_count above 0 and at most 1024"),
        ({"pricing_model": "rented"}, "pricing_model one of its set"),
        ({"offer_key": None}, "offer_key given"),
        ({"gpu_count": None}, "gpu_model and gpu_count given together or not at all"),
        ({"reliability": 1.5}, "reliability at least 0 and at most 1"),
    ],
)
def test_a_bad_row_is_quarantined_with_the_expectation_it_failed(
    change: dict[str, Any], expectation: str
) -> None:
    verdict = verdict_on(*many(9), offer("bad", **change))
    assert verdict.status == "ok"
    assert kept(verdict) == [f"k{number}" for number in range(9)]
    (refused,) = verdict.quarantined.to_dicts()
    assert refused["expectation"] == expectation
    assert json.loads(refused["record"])["capture_id"] == "c"
    results = verdict.results.filter(pl.col("expectation") == expectation)
    assert results["rows_failed"].to_list() == [1]


def test_a_missing_price_is_kept_because_missing_is_not_zero() -> None:
    verdict = verdict_on(offer(usd_per_gpu_hour=None))
    assert verdict.accepted["offers"]["usd_per_gpu_hour"].to_list() == [None]


def test_the_bound_itself_passes() -> None:
    assert kept(verdict_on(offer(usd_per_gpu_hour=1000.0))) == ["a"]


def test_of_identical_rows_one_stays() -> None:
    verdict = verdict_on(*many(9), offer("twice"), offer("twice"))
    assert kept(verdict).count("twice") == 1
    assert verdict.quarantined["reason"].str.contains("another row has it too").to_list() == [True]


def test_rows_that_disagree_under_one_key_are_both_refused() -> None:
    verdict = verdict_on(*many(9), offer("torn"), offer("torn", usd_per_gpu_hour=3.0))
    assert "torn" not in kept(verdict)
    assert verdict.quarantined.height == 2


def test_the_same_key_in_two_slots_is_no_duplicate() -> None:
    later = SLOT + timedelta(days=1)
    verdicts = judge([snapshot(offer()), snapshot(offer(slot=later), slot=later)], GOOD, last_good={})
    assert [kept(verdict) for verdict in verdicts] == [["a"], ["a"]]


def test_a_snapshot_with_too_few_rows_is_refused_whole() -> None:
    good = {"offers": Good(5, None, 0.5, {})}
    verdict = verdict_on(*many(4), good=good)
    assert (verdict.status, verdict.accepted, verdict.quarantined.height) == ("failed", {}, 0)
    assert verdict.error == "offers: expected at least 5 rows, found 4"
    assert verdict.incidents["kind"].to_list() == ["collapsed"]


def test_a_missing_mandatory_value_refuses_the_snapshot_and_names_it() -> None:
    good = {"offers": Good(1, None, 0.5, {"gpu_model": ("H100", "RTX 4090")})}
    verdict = verdict_on(*many(4), good=good)
    assert verdict.error == "offers: expected every gpu_model that must appear, found none of RTX 4090"
    assert verdict.incidents["kind"].to_list() == ["refused"]


def test_a_collapse_is_measured_against_the_last_good_night_not_the_last_night() -> None:
    counts = [10, 4, 6, 2, 3]
    slots = [SLOT + timedelta(days=day) for day in range(len(counts))]
    snapshots = [snapshot(*many(count, slot), slot=slot) for count, slot in zip(counts, slots, strict=True)]
    verdicts = judge(snapshots, GOOD, last_good={"offers": 12})
    assert [verdict.status for verdict in verdicts] == ["ok", "failed", "ok", "failed", "ok"]
    assert (
        verdicts[1].error == "offers: expected at least 50% of the last good night's rows, found 4 after 10"
    )


def test_excerpts_are_partial_and_not_counted() -> None:
    good = {"offers": Good(500, None, 0.5, {"gpu_model": ("RTX 4090",)})}
    verdict = verdict_on(*many(2), good=good, partial=True, last_good={"offers": 900})
    assert (verdict.status, verdict.error, kept(verdict)) == ("partial", None, ["k0", "k1"])


def test_many_refused_rows_make_the_snapshot_partial() -> None:
    verdict = verdict_on(*many(7), *(offer(f"bad{number}", usd_per_gpu_hour=-1.0) for number in range(3)))
    assert verdict.status == "partial"
    assert verdict.error == "3 of 10 rows were quarantined"


def test_too_many_rows_only_warn() -> None:
    verdict = verdict_on(*many(4), good={"offers": Good(1, 3, 0.5, {})})
    assert verdict.status == "ok"
    assert verdict.incidents.select("kind", "severity").rows() == [("too_many", "warning")]


@pytest.mark.parametrize(("spot", "incidents"), [(4.01, ["crossed_prices"]), (4.0, [])])
def test_spot_far_above_on_demand_warns_and_is_kept(spot: float, incidents: list[str]) -> None:
    verdict = verdict_on(offer(), offer(pricing_model="spot", usd_per_gpu_hour=spot))
    assert verdict.incidents["kind"].to_list() == incidents
    assert len(kept(verdict)) == 2


def test_an_empty_snapshot_fails_with_a_sentence() -> None:
    verdict = verdict_on(partial=True)
    assert (verdict.status, verdict.error) == ("failed", "no rows were read from the captures")


def test_a_frame_of_the_wrong_type_is_refused() -> None:
    wrong = Snapshot(SLOT, {"offers": pl.DataFrame({"offer_key": [1]})}, "r", "p", "p.s", "v")
    (verdict,) = judge([wrong], GOOD, last_good={})
    assert verdict.status == "failed"
    assert "column offer_key is Int64, expected String" in (verdict.error or "")
    assert "column slot is missing" in (verdict.error or "")


rows = st.builds(
    offer,
    key=st.sampled_from(["a", "b", "c", None]),
    usd_per_gpu_hour=st.one_of(st.none(), st.floats()),
    gpu_count=st.one_of(st.none(), st.integers(-1, 2000)),
    availability=st.sampled_from(["available", "gone"]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(rows, min_size=1, max_size=12))
def test_every_row_is_accepted_or_quarantined_and_none_is_both_or_lost(drawn: list[dict[str, Any]]) -> None:
    verdict = verdict_on(*drawn, partial=True)
    if verdict.status == "failed":
        assert verdict.accepted == {}
        return
    accepted = verdict.accepted["offers"]
    assert accepted.height + verdict.quarantined.height == len(drawn)
    priced = accepted["usd_per_gpu_hour"].drop_nulls()
    assert ((priced > 0) & (priced <= 1000)).all()


def test_the_last_good_snapshot_of_every_table_is_one_that_met_the_assertions_of_all() -> None:
    """A snapshot that one table refuses is the last good one of none; a partial one neither."""
    rows = {"offers": Good(2, None, 0.5, {}), "plans": Good(1, None, 0.5, {})}
    plans = BY_NAME["plans"].polars()
    whole = dict.fromkeys(("run_id", "provider", "source", "capture_id", "parser_version"), "x")
    whole |= {"currency": "USD", "source_url": "https://example.com"}

    def night(day: int, offers: int, plan_rows: int) -> Snapshot:
        slot = SLOT + timedelta(days=day)
        plan = [
            {**whole, "observed_at": slot, "slot": slot, "plan": f"p{number}"} for number in range(plan_rows)
        ]
        frames = dict(snapshot(*many(offers, slot), slot=slot).frames)
        return Snapshot(slot, frames | {"plans": pl.DataFrame(plan, schema=plans)}, "r", "p", "p.s", "v")

    verdicts = judge([night(0, 10, 4), night(1, 1, 20), night(2, 9, 3)], rows, last_good={})
    assert [verdict.status for verdict in verdicts] == ["ok", "failed", "ok"]
