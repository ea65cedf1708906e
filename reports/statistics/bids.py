"""Bid statistics: price availability, price-at-risk (S8) and bid survival (S9).

Price availability follows Agmon Ben-Yehuda et al., "Deconstructing Amazon EC2 Spot Instance Pricing" (2013);
survival is Kaplan and Meier's estimator (1958).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from warehouse.limits import STATISTICS

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_RESAMPLES: Final = 400
_INTERVAL: Final = (0.025, 0.975)


@dataclass(frozen=True)
class Survival:
    """The share of starts at or under a bid that still held after a time.

    `starts` are the starts behind it and `days` the days that they fall on; `held` is None where the data
    cannot tell, for the reason in `suppressed`. `low` and `high` bound 95 % of a bootstrap that resamples
    whole days, because starts of one day share its fate.
    """

    starts: int
    days: int
    held: float | None
    low: float | None = None
    high: float | None = None
    suppressed: str = ""


def price_availability(hours: Floats, prices: Floats, bid: float, *, cadence: float) -> float | None:
    """A(b) = sum dt_i 1{P_i <= b} / sum dt_i over observed time, None without an observation.

    `hours` are the slots' times in hours, ascending; a price speaks for the time to the next slot, but for no
    longer than `cadence` hours, so that a gap in the data counts for nothing.
    """
    if not len(hours):
        return None
    weights = _time_spoken_for(hours, cadence)
    return float(weights[prices <= bid].sum() / weights.sum())


def price_at_risk(hours: Floats, prices: Floats, share: float, *, cadence: float) -> float | None:
    """PaR_a = inf{b : A(b) >= a}: the least bid that was enough for a share of the observed time."""
    if not len(hours):
        return None
    order = np.argsort(prices, kind="stable")
    reached = np.cumsum(_time_spoken_for(hours, cadence)[order])
    place = int(np.searchsorted(reached, share * reached[-1] * (1 - 1e-12)))
    return float(prices[order][place])


def _time_spoken_for(hours: Floats, cadence: float) -> Floats:
    spoken_for: Floats = np.minimum(np.append(np.diff(hours), cadence), cadence)
    return spoken_for


def spells(
    hours: Floats, prices: Floats, bid: float, *, cadence: float
) -> tuple[Floats, Flags, npt.NDArray[np.int64]]:
    """Every start at or under a bid: how long it held, whether it ended, and the slot that it began in.

    `prices` has a row a machine and a column a slot of `hours`, NaN where the machine was not listed. A start
    ends in the first later slot where the price is over the bid or the machine is gone; it is censored at the
    end of the data and at a gap in them.
    """
    holds = prices <= bid
    slots = len(hours)
    ends = np.full(prices.shape, -1, dtype=np.int64)
    last = np.arange(slots)
    for slot in range(slots - 2, -1, -1):
        if hours[slot + 1] - hours[slot] > STATISTICS.adjacent_within * cadence:
            continue
        last[slot] = last[slot + 1]
        ends[:, slot] = np.where(holds[:, slot + 1], ends[:, slot + 1], slot + 1)
    machine, start = np.nonzero(holds)
    end = ends[machine, start]
    ended = end >= 0
    until = np.where(ended, end, last[start])
    return hours[until] - hours[start], ended, start


def survival(
    hours: Floats,
    prices: Floats,
    bid: float,
    *,
    horizon: float,
    cadence: float,
    at_least: int = STATISTICS.least_starts,
    seed: int = 0,
) -> Survival:
    """The share of starts at or under `bid` that held for `horizon` hours (S9).

    `hours` and `prices` are as for `spells`. Data of one slot in `cadence` hours cannot tell of anything
    shorter; fewer than `at_least` starts are suppressed.
    """
    durations, ended, start = spells(hours, prices, bid, cadence=cadence)
    days, day_of = np.unique(hours[start] // 24, return_inverse=True)
    bare = Survival(len(durations), len(days), None)
    if horizon < cadence:
        return _suppressed(bare, f"slots are {cadence:g} h apart")
    if len(durations) < at_least:
        return _suppressed(bare, f"{len(durations)} starts, {at_least} needed")
    if not (durations >= horizon).any():
        return _suppressed(bare, "no start was watched for so long")
    times = np.unique(durations[ended & (durations <= horizon)])
    deaths = np.zeros((len(days), len(times)))
    at_risk = np.zeros((len(days), len(times)))
    for place, time in enumerate(times):
        deaths[:, place] = np.bincount(day_of[ended & (durations == time)], minlength=len(days))
        at_risk[:, place] = np.bincount(day_of[durations >= time], minlength=len(days))
    held = _product(np.ones((1, len(days))), deaths, at_risk)[0]
    drawn = np.random.default_rng(seed).multinomial(
        len(days), np.full(len(days), 1 / len(days)), size=_RESAMPLES
    )
    low, high = np.quantile(_product(drawn.astype(np.float64), deaths, at_risk), _INTERVAL)
    return Survival(len(durations), len(days), float(held), float(low), float(high))


def _product(days: Floats, deaths: Floats, at_risk: Floats) -> Floats:
    """Kaplan-Meier's product for each row of day multiplicities; nobody at risk takes nothing off."""
    died, risked = days @ deaths, days @ at_risk
    shares = np.divide(died, risked, out=np.zeros_like(died), where=risked > 0)
    product: Floats = np.prod(1 - shares, axis=1)
    return product


def _suppressed(bare: Survival, why: str) -> Survival:
    return Survival(bare.starts, bare.days, None, suppressed=why)


def bids_to_show(prices: Sequence[float] | Floats, shares: Sequence[float]) -> list[float]:
    """Bids at these shares of the prices seen, rounded up to three digits, each once, ascending."""
    if not len(prices):
        return []
    chosen = np.quantile(np.asarray(prices, dtype=np.float64), shares)
    scale = 10.0 ** (np.floor(np.log10(chosen)) - 2)
    return sorted({float(f"{bid:.10g}") for bid in np.ceil(chosen / scale - 1e-9) * scale})
