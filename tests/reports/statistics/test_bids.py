"""S8 and S9, against plain Python, lifelines and their own laws."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter

from reports.statistics.bids import (
    bids_to_show,
    price_at_risk,
    price_availability,
    spells,
    survival,
)

NAN = math.nan
DAILY = np.arange(0.0, 24 * 10, 24)
PRICES = st.lists(st.floats(0.01, 100), min_size=1, max_size=40)


def hours(count: int) -> Any:
    return np.arange(count, dtype=np.float64) * 24


def test_price_availability_is_the_share_of_the_observed_time() -> None:
    prices = np.array([1.0, 2.0, 3.0, 2.0, 1.0])
    assert price_availability(hours(5), prices, 2.0, cadence=24) == pytest.approx(4 / 5)
    assert price_availability(hours(5), prices, 0.5, cadence=24) == 0.0
    assert price_availability(hours(0), np.array([]), 1.0, cadence=24) is None


def test_a_gap_counts_for_nothing() -> None:
    # Three days are missing after the first; that day speaks for itself alone.
    times = np.array([0.0, 96.0, 120.0])
    assert price_availability(times, np.array([9.0, 1.0, 1.0]), 1.0, cadence=24) == pytest.approx(2 / 3)


@given(PRICES, st.floats(0.05, 1.0))
def test_price_at_risk_is_the_least_bid_that_was_enough(prices: list[float], share: float) -> None:
    times, values = hours(len(prices)), np.array(prices)
    least = price_at_risk(times, values, share, cadence=24)
    assert least in prices
    reached = price_availability(times, values, least, cadence=24)
    assert reached is not None
    assert reached >= share - 1e-9
    below = [price for price in prices if price < least]
    if below:
        fewer = price_availability(times, values, max(below), cadence=24)
        assert fewer is not None
        assert fewer < share


@given(PRICES, st.floats(0.1, 100), st.floats(0.1, 10))
def test_only_the_ratio_of_bid_and_price_matters(prices: list[float], bid: float, scale: float) -> None:
    times, values = hours(len(prices)), np.array(prices)
    powers = 2.0 ** round(math.log2(scale))  # exact in binary, so that ties stay ties
    one = price_availability(times, values, bid, cadence=24)
    assert price_availability(times, values * powers, bid * powers, cadence=24) == one


def by_hand(times: Any, prices: Any, bid: float, cadence: float) -> list[tuple[float, bool]]:
    """Every start's duration and whether it ended, by the definition."""
    found = []
    for row in prices:
        for start, price in enumerate(row):
            if not price <= bid:
                continue
            slot, ended = start, False
            while slot + 1 < len(times) and times[slot + 1] - times[slot] <= 1.5 * cadence:
                slot += 1
                if not row[slot] <= bid:
                    ended = True
                    break
            found.append((times[slot] - times[start], ended))
    return found


@given(st.integers(1, 5), st.integers(1, 12), st.integers(0, 10_000))
def test_spells_are_those_of_the_definition(machines: int, slots: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    times = np.cumsum(draw.choice([24.0, 24.0, 24.0, 72.0], size=slots))
    prices = draw.choice([1.0, 2.0, 3.0, NAN], size=(machines, slots))
    durations, ended, _ = spells(times, prices, 2.0, cadence=24)
    found = zip(durations.tolist(), ended.tolist(), strict=True)
    assert sorted(found) == sorted(by_hand(times, prices, 2.0, 24))


def test_a_listing_that_is_gone_ends_and_a_gap_in_the_data_censors() -> None:
    gone = spells(hours(3), np.array([[1.0, NAN, 1.0]]), 1.0, cadence=24)
    assert list(zip(gone[0], gone[1], strict=True)) == [(24.0, True), (0.0, False)]
    gap = spells(np.array([0.0, 24.0, 96.0]), np.array([[1.0, 1.0, 9.0]]), 1.0, cadence=24)
    assert list(zip(gap[0], gap[1], strict=True)) == [(24.0, False), (0.0, False)]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_the_estimate_is_kaplan_and_meiers(seed: int) -> None:
    draw = np.random.default_rng(seed)
    prices = np.exp(draw.normal(0, 0.3, size=(12, 20)))
    prices[draw.random(prices.shape) < 0.1] = NAN
    times = hours(20)
    found = survival(times, prices, 1.2, horizon=72, cadence=24)
    durations, ended, _ = spells(times, prices, 1.2, cadence=24)
    expected = KaplanMeierFitter().fit(durations, ended).predict(72)
    assert found.held == pytest.approx(expected)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.held + 1e-9
    assert found.high >= found.held - 1e-9


def test_a_bid_that_never_loses_holds_and_one_that_always_loses_does_not() -> None:
    steady = np.ones((5, 10))
    assert survival(DAILY, steady, 1.0, horizon=24, cadence=24).held == 1.0
    fleeting = np.where(np.arange(10) % 2 == 0, 1.0, 9.0) * np.ones((10, 1))
    assert survival(DAILY, fleeting, 1.0, horizon=24, cadence=24).held == 0.0


@pytest.mark.parametrize(
    ("prices", "horizon", "why"),
    [
        (np.ones((5, 10)), 1.0, "slots are 24 h apart"),
        (np.ones((2, 3)), 24.0, "6 starts, 30 needed"),
        (np.ones((5, 10)), 400.0, "no start was watched for so long"),
    ],
)
def test_what_the_data_cannot_tell_says_why(prices: Any, horizon: float, why: str) -> None:
    found = survival(hours(prices.shape[1]), prices, 1.0, horizon=horizon, cadence=24)
    assert (found.held, found.low, found.suppressed) == (None, None, why)


def test_bids_are_rounded_up_so_that_they_still_reach_their_share() -> None:
    prices = [0.12341, 0.5, 1.2345, 12.344]
    assert bids_to_show(prices, (0.0, 1.0)) == [0.124, 12.4]
    assert bids_to_show([2.0, 2.0], (0.1, 0.9)) == [2.0]
    assert bids_to_show([], (0.5,)) == []
