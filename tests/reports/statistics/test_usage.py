"""S11's intervals and S20's months."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.statistics.shares import wilson
from reports.statistics.usage import break_even, month_of, owned, planned, rented

AMOUNT = st.floats(0.01, 1000)


def test_wilson_is_the_formula() -> None:
    assert wilson(0, 0) is None
    z, n, share = 1.959963984540054, 10, 0.8
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    spread = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    assert wilson(8, 10) == (pytest.approx(middle - spread), pytest.approx(middle + spread))


@given(st.integers(0, 40), st.integers(1, 40))
def test_a_share_lies_in_its_interval(successes: int, further: int) -> None:
    tries = successes + further
    found = wilson(successes, tries)
    assert found is not None
    assert 0 <= found[0] <= successes / tries <= found[1] <= 1


def test_a_month_has_a_twelfth_of_a_year() -> None:
    assert month_of(24) == pytest.approx(730)


def test_lost_work_is_paid_twice() -> None:
    assert rented(0.5, 100) == 50
    assert rented(0.5, 100, lost=0.2) == pytest.approx(62.5)
    for lost in (1.0, -0.1):
        with pytest.raises(ValueError, match="leaves no work done"):
            rented(0.5, 100, lost=lost)


def test_a_plan_buys_hours_by_its_units() -> None:
    # Colab Pro: 100 units for 9.99 USD; a T4 takes about 1.96 an hour, so 100 hours need 196 units.
    assert planned(9.99, 100, 0.0999, 1.96, 50) == 9.99
    assert planned(9.99, 100, 0.0999, 1.96, 100) == pytest.approx(9.99 + 96 * 0.0999)
    assert planned(9.99, 100, None, 1.96, 100) is None


@given(AMOUNT, st.floats(1, 10), st.floats(10, 1500), st.floats(0.01, 1), AMOUNT)
def test_at_break_even_owning_and_renting_cost_the_same(
    price: float, years: float, watts: float, power: float, rate: float
) -> None:
    hours = break_even(price, years=years, watts=watts, usd_per_kwh=power, usd_per_hour=rate)
    if hours is None:
        assert rate <= watts / 1000 * power
        return
    own = owned(price, years=years, watts=watts, usd_per_kwh=power, hours=hours)
    assert own == pytest.approx(rented(rate, hours), rel=1e-6)
