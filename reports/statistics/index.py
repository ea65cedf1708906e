"""Price indices of matched offers (S12) and the daily fix over venues (S15).

The index is Jevons's: the geometric mean of the price relatives of what is offered on both days, chained. See
the ILO's Consumer Price Index Manual (2020), chapter 8.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy import stats

from warehouse.limits import STATISTICS


@dataclass(frozen=True)
class Link:
    """The index of one day: base 100 on the first; None where too little matched, for the reason given.

    `matched` are the offers on both days, `share` is their part of the offers on either.
    """

    day: date
    value: float | None
    matched: int
    share: float
    suppressed: str = ""


@dataclass(frozen=True)
class Fix:
    """The fix of one day in USD per GPU-hour, None with too few venues; `dropped` venues were outliers."""

    value: float | None
    venues: int
    dropped: int = 0


def jevons(before: Mapping[str, float], after: Mapping[str, float]) -> float | None:
    """J = exp(mean of ln(p_t / p_{t-1})) over the keys that both have; None where there are none."""
    matched = before.keys() & after.keys()
    if not matched:
        return None
    return math.exp(math.fsum(math.log(after[key] / before[key]) for key in matched) / len(matched))


def chained(days: Iterable[tuple[date, Mapping[str, float]]]) -> list[Link]:
    """The chained index of days in order of time, each with the price of every offer by its key.

    A day of which too few offers match, or too small a part of the offers of either day, has no value; the
    next is then compared with the last day that had one.
    """
    links: list[Link] = []
    level, last = 100.0, dict[str, float]()
    for day, prices in days:
        if not links:
            links.append(Link(day, level, len(prices), 1.0))
            last = dict(prices)
            continue
        matched = len(last.keys() & prices.keys())
        union = len(last.keys() | prices.keys())
        share = matched / union if union else 0.0
        why = suppressed(matched, share)
        change = jevons(last, prices)
        if why or change is None:
            links.append(Link(day, None, matched, share, why or "nothing matched"))
            continue
        level *= change
        last = dict(prices)
        links.append(Link(day, level, matched, share))
    return links


def suppressed(matched: int, share: float) -> str:
    """Why two days cannot be compared, "" where they can."""
    if matched < STATISTICS.least_matches:
        return f"{matched} matches, {STATISTICS.least_matches} needed"
    least = STATISTICS.least_match_share
    return f"{share:.0%} matched, {least:.0%} needed" if share < least else ""


def daily_fix(medians: Sequence[float]) -> Fix:
    """The trimmed mean of the venues' medians, without those too many scaled MAD from their median."""
    prices = np.asarray(medians, dtype=np.float64)
    if len(prices) < STATISTICS.least_venues:
        return Fix(None, len(prices))
    middle = np.median(prices)
    spread = STATISTICS.scaled_mad * np.median(np.abs(prices - middle))
    near = np.abs(prices - middle) <= STATISTICS.outlier_mads * spread
    kept = prices[near] if spread > 0 else prices
    return Fix(float(stats.trim_mean(kept, STATISTICS.fix_trim)), len(prices), len(prices) - len(kept))
