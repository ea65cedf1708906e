"""What a month of use costs (S20); assets/calculator.js computes the same in the page.

All prices are USD, a month is a twelfth of 365 days.
"""

from __future__ import annotations

from typing import Final

DAYS: Final = 365 / 12


def month_of(hours_a_day: float) -> float:
    """Hours a month of so many hours a day."""
    return hours_a_day * DAYS


def rented(usd_per_hour: float, hours: float, *, lost: float = 0.0) -> float:
    """A month by the hour: hours x price, times 1 / (1 - lost) where a share of the work is done again.

    Raises ValueError for a share that is not in [0, 1).
    """
    if not 0 <= lost < 1:
        raise ValueError(f"a lost share of {lost} leaves no work done")
    return usd_per_hour * hours / (1 - lost)


def planned(
    usd_per_month: float,
    included_units: float,
    usd_per_unit: float | None,
    units_per_hour: float,
    hours: float,
) -> float | None:
    """A month by a plan whose units buy hours; None where they run short and no more can be bought."""
    short = max(0.0, hours * units_per_hour - included_units)
    if not short:
        return usd_per_month
    return None if usd_per_unit is None else usd_per_month + short * usd_per_unit


def owned(price: float, *, years: float, watts: float, usd_per_kwh: float, hours: float) -> float:
    """A month of a machine of one's own: its price over its years, and its power."""
    return price / (12 * years) + watts / 1000 * usd_per_kwh * hours


def break_even(
    price: float, *, years: float, watts: float, usd_per_kwh: float, usd_per_hour: float
) -> float | None:
    """Hours a month from which a machine of one's own is cheaper than renting; None where it never is."""
    saved = usd_per_hour - watts / 1000 * usd_per_kwh
    return price / (12 * years) / saved if saved > 0 else None
