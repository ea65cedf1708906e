"""What breaks without an error: frozen or rescaled prices, repeated bytes, emptied columns, ended series.

Every rule measures a night against the same source's own nights before it, so that a list price that moves
twice a year is not taken for a broken one. Nights are facts that were counted from the ledger, oldest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

import polars as pl

HISTORY: Final = 14
"""Nights of history that a rule needs before it says anything."""
UNLIKELY: Final = 0.001
"""A run of unchanged nights is reported when the source's own habit makes it less likely than this."""
_EMPTIED_TO: Final = 0.05
_FILLED_BEFORE: Final = 0.9
_STEADY: Final = 0.9
_OUTLIERS: Final = 6.0
_SCALED: Final = 1.4826
_LEAST_DROP: Final = 0.2
_RESCALED: Final = 5.0


@dataclass(frozen=True)
class Night:
    """What was counted of one stored night of a source.

    `prices` and `captures` are fingerprints of all prices and of all bytes, `middle` the median price of a
    row in USD, `filled` the share of rows that have a value by column, `models` the GPU models on offer.
    """

    slot: datetime
    rows: int
    prices: int | None
    captures: int | None
    middle: float | None = None
    filled: Mapping[str, float] = field(default_factory=dict)
    models: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Alarm:
    """Something that is worth a look: an incident's kind, its sentence and its evidence."""

    kind: str
    summary: str
    evidence: Mapping[str, Any]


def alarms(nights: Sequence[Night]) -> Iterator[Alarm]:
    """What is odd about the last night, given those before it."""
    if len(nights) <= HISTORY:
        return
    *before, now = nights
    yield from _collapsed(before, now)
    yield from _unchanged(nights, "frozen", "no price", lambda night: night.prices)
    yield from _unchanged(nights, "carried_forward", "no byte", lambda night: night.captures)
    yield from _rescaled(before, now)
    yield from _emptied(before, now)
    yield from _ended(before, now)


def _collapsed(before: Sequence[Night], now: Night) -> Iterator[Alarm]:
    """Far fewer rows than is usual: beyond six scaled median deviations, and a fifth under the median.

    Said once, on the night of the fall.
    """
    rows = pl.Series([night.rows for night in before[-2 * HISTORY :]])
    middle = float(pl.select(rows.median()).item())
    spread = _SCALED * float(pl.select((rows - middle).abs().median()).item())
    least = min(middle - _OUTLIERS * spread, (1 - _LEAST_DROP) * middle)
    if now.rows < least <= before[-1].rows:
        yield Alarm(
            "collapsed",
            f"{now.rows} rows, {middle:g} are usual",
            {"rows": now.rows, "median": middle, "scaled_mad": spread},
        )


def _unchanged(
    nights: Sequence[Night], kind: str, what: str, fingerprint: Callable[[Night], int | None]
) -> Iterator[Alarm]:
    """A run of nights without a change that the habit of changing makes implausible (S4).

    With a change on a share f of nights, k nights in a row without one happen with probability (1 - f)^k. It
    is said once, on the night that the run becomes implausible.
    """
    seen = [value for night in nights if (value := fingerprint(night)) is not None]
    changes = [one != other for one, other in pairwise(seen)]
    run = next((place for place, changed in enumerate(reversed(changes)) if changed), len(changes))
    habit = changes[: len(changes) - run]
    if run < 2 or len(habit) < HISTORY:  # noqa: PLR2004 - one night without a change is no run
        return
    # Laplace's estimate: that every night so far had a change does not make a night without one impossible.
    share = (sum(habit) + 1) / (len(habit) + 2)
    if (1 - share) ** run < UNLIKELY <= (1 - share) ** (run - 1):
        yield Alarm(
            kind,
            f"{what} has changed for {run} nights; before, one did on {sum(habit)} of {len(habit)} nights",
            {"nights": run, "nights_with_a_change_before": sum(habit), "nights_before": len(habit)},
        )


def _rescaled(before: Sequence[Night], now: Night) -> Iterator[Alarm]:
    """A median price many times, or a small part of, what it was on every night of the last fortnight.

    That is a unit that changed without a word (dollars to cents, an hour to a month). Said once, on the night
    of the jump.
    """
    usual = [night.middle for night in before[-HISTORY:] if night.middle]
    if not now.middle or len(usual) < HISTORY:
        return
    if now.middle >= _RESCALED * max(usual) or now.middle <= min(usual) / _RESCALED:
        yield Alarm(
            "rescaled",
            f"the median price is ${now.middle:,.4g}; in {len(usual)} nights before, "
            f"${min(usual):,.4g} to ${max(usual):,.4g}",
            {"median": now.middle, "least_before": min(usual), "most_before": max(usual)},
        )


def _emptied(before: Sequence[Night], now: Night) -> Iterator[Alarm]:
    """A column that was filled in all nights of the last fortnight and is empty now."""
    recent = before[-HISTORY:]
    for column, share in now.filled.items():
        least = min(night.filled.get(column, 0.0) for night in recent)
        if share <= _EMPTIED_TO and least >= _FILLED_BEFORE:
            yield Alarm(
                "column_emptied",
                f"{column} has a value in {share:.0%} of rows, in {least:.0%} and more before",
                {"column": column, "filled": share, "least_before": least},
            )


def _ended(before: Sequence[Night], now: Night) -> Iterator[Alarm]:
    """GPU models that were on offer nearly every night and have not been for two, though the source answered.

    Said once, on the second night without them: scarce machines come and go. A night that is missing is no
    night without them.
    """
    *earlier, yesterday = before
    recent = earlier[-HISTORY:]
    steady = {
        model
        for model in recent[-1].models - yesterday.models - now.models
        if sum(model in night.models for night in recent) >= _STEADY * len(recent)
    }
    if steady:
        yield Alarm(
            "ended",
            f"no longer on offer: {', '.join(sorted(steady))}",
            {"models": sorted(steady), "nights_before": len(recent)},
        )
