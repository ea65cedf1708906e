"""S12 and S15, against plain Python and their own laws."""

from __future__ import annotations

import math
from datetime import date, timedelta
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.statistics.index import chained, daily_fix, jevons

FIRST = date(2026, 9, 1)
PRICE = st.floats(0.01, 100)
OFFERS = st.dictionaries(st.sampled_from("abcdefgh"), PRICE, min_size=5)


def days(*prices: dict[str, float]) -> list[tuple[date, dict[str, float]]]:
    return [(FIRST + timedelta(days=place), found) for place, found in enumerate(prices)]


def test_the_index_is_the_geometric_mean_of_the_relatives() -> None:
    before = {"a": 1.0, "b": 2.0, "gone": 9.0}
    after = {"a": 2.0, "b": 1.0, "new": 0.1}
    assert jevons(before, after) == pytest.approx(1.0)
    assert jevons({"a": 1.0}, {"a": 1.1}) == pytest.approx(1.1)
    assert jevons({"a": 1.0}, {"b": 1.0}) is None


@given(OFFERS, PRICE)
def test_prices_that_all_rise_alike_raise_the_index_alike(prices: dict[str, float], factor: float) -> None:
    raised = {key: price * factor for key, price in prices.items()}
    assert jevons(prices, raised) == pytest.approx(factor)
    assert jevons(raised, prices) == pytest.approx(1 / factor)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys("abcde", PRICE)), min_size=2, max_size=6))
def test_a_chain_over_the_same_offers_is_the_direct_comparison(prices: list[dict[str, float]]) -> None:
    *_, last = chained(days(*prices))
    direct = jevons(prices[0], prices[-1])
    assert direct is not None
    assert last.value == pytest.approx(100 * direct)


def test_a_cheap_newcomer_moves_the_level_and_not_the_index() -> None:
    steady = dict.fromkeys("abcdef", 2.0)
    _, second = chained(days(steady, {**steady, "new": 0.1}))
    assert second.value == pytest.approx(100.0)
    assert (second.matched, second.share) == (6, pytest.approx(6 / 7))


def test_too_few_matches_are_suppressed_and_the_next_day_links_to_the_last_good_one() -> None:
    steady = dict.fromkeys("abcdef", 2.0)
    dearer = dict.fromkeys("abcdef", 3.0)
    first, gap, after = chained(days(steady, {"a": 9.0, "x": 1.0}, dearer))
    assert first.value == 100.0
    assert (gap.value, gap.suppressed) == (None, "1 matches, 5 needed")
    assert after.value == pytest.approx(150.0)
    many = {f"n{place}": 1.0 for place in range(20)}
    _, mixed = chained(days(steady, {**steady, **many}))
    assert (mixed.value, mixed.suppressed) == (None, "23% matched, 50% needed")


def test_the_fix_drops_outliers_and_trims() -> None:
    fix = daily_fix([2.0, 2.1, 2.2, 2.3, 2.4, 50.0])
    assert (fix.venues, fix.dropped) == (6, 1)
    # Of the five that are left, one goes at each end.
    assert fix.value == pytest.approx(fmean([2.1, 2.2, 2.3]))


def test_two_venues_are_no_market() -> None:
    assert daily_fix([1.0, 2.0]).value is None
    assert daily_fix([2.0, 2.0, 2.0]).value == 2.0


@given(st.lists(PRICE, min_size=3, max_size=20), st.integers(-3, 3))
def test_the_fix_knows_no_unit(prices: list[float], power: int) -> None:
    one, other = daily_fix(prices), daily_fix([price * 2.0**power for price in prices])
    assert one.value is not None
    assert other.value is not None
    assert math.isclose(other.value, one.value * 2.0**power, rel_tol=1e-9)
    assert min(prices) <= one.value * (1 + 1e-9)
    assert one.value <= max(prices) * (1 + 1e-9)
