"""The GEKS-Jevons index over a rolling window (S13), free of chain drift under churn.

P^{0,t} = prod over l of (J_{0,l} J_{l,t})^{1/W} over the W days l of a window, where J_{a,b} is Jevons's
index of the offers of both days. A further day is joined on by the mean splice: the geometric mean over
the days s that the new window shares with the old of I_s P^{s,t}. See Ivancic, Diewert and Fox, "Scanner
data, time aggregation and the construction of price indexes" (2011), and Diewert and Fox, "Substitution
bias in multilateral methods" (2017).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from reports.statistics.index import Link, suppressed
from warehouse.limits import STATISTICS

Floats = npt.NDArray[np.float64]


def geks(
    days: Sequence[tuple[date, Mapping[str, float]]], *, window: int = STATISTICS.geks_days
) -> list[Link]:
    """The index of every day, 100 on the first; days in order of time, with the price of every offer by key.

    Two days are compared where enough of their offers match, as for the chained index. A day that no day
    of its window leads to has no value. `matched` and `share` are those with the day before.
    """
    logs, matched, union = _compared([prices for _, prices in days])
    links: list[Link] = []
    values = np.full(len(days), np.nan)
    for place, (day, _) in enumerate(days):
        before = max(place - 1, 0)
        share = matched[before, place] / union[before, place] if union[before, place] else 0.0
        values[place] = _spliced(logs, values, place, window) if place else 0.0
        why = (
            ""
            if np.isfinite(values[place])
            else suppressed(int(matched[before, place]), share) or "no way there"
        )
        level = None if why else float(100 * np.exp(values[place]))
        links.append(Link(day, level, int(matched[before, place]), float(share), why))
    return links


def _compared(days: Sequence[Mapping[str, float]]) -> tuple[Floats, Floats, Floats]:
    """For each two days: ln J (NaN where too little matches), offers that match, offers of either."""
    keys = {key: place for place, key in enumerate(dict.fromkeys(key for prices in days for key in prices))}
    prices = np.ones((len(keys), len(days)))
    here = np.zeros_like(prices)
    for place, of_day in enumerate(days):
        rows = [keys[key] for key in of_day]
        prices[rows, place] = list(of_day.values())
        here[rows, place] = 1.0
    sums = here.T @ np.log(prices)
    matched = here.T @ here
    union = np.add.outer(np.diag(matched), np.diag(matched)) - matched
    enough = np.vectorize(lambda n, of: not suppressed(int(n), n / of if of else 0.0), otypes=[bool])
    logs = np.where(enough(matched, union), (sums - sums.T) / np.maximum(matched, 1), np.nan)
    return logs, matched, union


def _spliced(logs: Floats, values: Floats, place: int, window: int) -> float:
    """The log index of a day: the mean of what each earlier day of its window makes of it."""
    first = max(place - window + 1, 0)
    span = range(first, place + 1)
    found = []
    for start in range(first, place):
        steps = [logs[start, by] + logs[by, place] for by in span]
        known = [step for step in steps if np.isfinite(step)]
        if known and np.isfinite(values[start]):
            found.append(values[start] + float(np.mean(known)))
    return float(np.mean(found)) if found else float("nan")
