"""S13, against the formula written out in plain Python and against what it must be free of."""

from __future__ import annotations

import math
from datetime import date, timedelta
from itertools import cycle, islice
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.statistics.geks import geks
from reports.statistics.index import chained, jevons

FIRST = date(2026, 9, 1)
PRICE = st.floats(0.05, 50)


def days(prices: list[dict[str, float]]) -> list[tuple[date, dict[str, float]]]:
    return [(FIRST + timedelta(days=place), found) for place, found in enumerate(prices)]


def log_jevons(before: dict[str, float], after: dict[str, float]) -> float:
    found = jevons(before, after)
    assert found is not None
    return math.log(found)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys("abcde", PRICE)), min_size=2, max_size=8))
def test_of_the_same_offers_it_is_the_direct_comparison(prices: list[dict[str, float]]) -> None:
    for link, of_day in zip(geks(days(prices), window=4), prices, strict=True):
        assert link.value == pytest.approx(100 * math.exp(log_jevons(prices[0], of_day)))


@given(
    st.floats(0.1, 10),
    st.lists(st.fixed_dictionaries(dict.fromkeys("abcdef", PRICE)), min_size=3, max_size=6),
)
def test_another_currency_changes_nothing(rate: float, prices: list[dict[str, float]]) -> None:
    other = [{key: price * rate for key, price in of_day.items()} for of_day in prices]
    ours, theirs = geks(days(prices), window=3), geks(days(other), window=3)
    assert [link.value for link in ours] == pytest.approx([link.value for link in theirs])


def test_it_is_the_formula_with_offers_that_come_and_go() -> None:
    steady = dict.fromkeys("abcdef", 2.0)
    prices = [
        {**steady, "g": 1.0},
        {**steady, "a": 2.5, "h": 3.0},
        {**steady, "b": 1.5, "g": 1.2, "h": 2.0},
        {**steady, "a": 3.0, "b": 1.0, "g": 0.9},
    ]
    window = 3
    first = [100.0]
    for place in (1, 2):
        between = [
            fmean(
                log_jevons(prices[start], prices[by]) + log_jevons(prices[by], prices[place])
                for by in range(place + 1)
            )
            + math.log(first[start])
            for start in range(place)
        ]
        first.append(math.exp(fmean(between)))
    spliced = fmean(
        math.log(first[start])
        + fmean(log_jevons(prices[start], prices[by]) + log_jevons(prices[by], prices[3]) for by in (1, 2, 3))
        for start in (1, 2)
    )
    found = [link.value for link in geks(days(prices), window=window)]
    assert found == pytest.approx([*first, math.exp(spliced)])


def test_offers_that_vanish_when_dear_make_a_chain_drift_and_not_this() -> None:
    """Sales that end while the offer is away: a chain never sees the price come back."""
    base = {f"s{n}": 1.0 for n in range(6)}
    turns = [{"x": 1.0, "y": 1.0}, {"x": 0.5, "y": 0.5}, {}, {"x": 1.0, "y": 1.0}]
    prices = [{**base, **turn} for turn in islice(cycle(turns), 12)]
    chain = chained(days(prices))[-1].value
    free = geks(days(prices), window=12)[-1].value
    assert chain is not None
    assert free is not None
    assert abs(free - 100) < abs(chain - 100) / 2


def test_days_with_too_little_in_common_have_no_value_and_say_why() -> None:
    one, other = dict.fromkeys("abcdef", 1.0), dict.fromkeys("uvwxyz", 1.0)
    found = geks(days([one, other, one]))
    assert [link.value for link in found] == [pytest.approx(100), None, pytest.approx(100)]
    assert found[1].suppressed == "0 matches, 5 needed"
