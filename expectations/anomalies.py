"""The anomaly detector: frozen or rescaled prices, repeated bytes, emptied columns, ended series.

Every rule compares a snapshot with earlier snapshots of the same source, so that a list price that moves
twice a year is not taken for a frozen one. The judged snapshot is never part of its own baseline, and neither
is a later one. Thresholds are in slots of the source's cadence: see expectations.limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

import polars as pl

from expectations.limits import DETECTOR, SLOTS, DetectorLimits
from warehouse.limits import LENGTH, Cadence


@dataclass(frozen=True)
class SnapshotSummary:
    """What was counted of one stored snapshot.

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
class Anomaly:
    """Something that is worth a look: an incident's kind, its sentence and its evidence."""

    kind: str
    summary: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True)
class _Baseline:
    """The snapshots before the judged one, oldest first, and what may be said of them."""

    before: Sequence[SnapshotSummary]
    cadence: Cadence
    limits: DetectorLimits

    def distance(self, one: datetime, other: datetime) -> int:
        """Slots from one slot to a later one; a schedule that moved by hours changes no count of nights."""
        return round((other - one) / LENGTH[self.cadence])

    def window(self, now: SnapshotSummary, slots: int, least: int) -> Sequence[SnapshotSummary]:
        """The snapshots of the last so many slots; where they are fewer than `least`, so many snapshots."""
        recent = [one for one in self.before if self.distance(one.slot, now.slot) <= slots]
        return recent if len(recent) >= least else self.before[-least:]

    def recent(self, now: SnapshotSummary) -> Sequence[SnapshotSummary]:
        """What prices, columns and models are compared with: a fortnight."""
        return self.window(now, self.limits.lookback, self.limits.least_snapshots)


def anomalies(
    history: Sequence[SnapshotSummary], now: SnapshotSummary, cadence: Cadence
) -> Iterator[Anomaly]:
    """What is odd about a snapshot, given the history of its source, oldest first.

    Of the history only what is before `now` counts.
    """
    limits = DETECTOR[cadence]
    base = _Baseline([one for one in history if one.slot < now.slot], cadence, limits)
    if len(base.before) < limits.least_snapshots:
        return
    if base.distance(base.before[0].slot, now.slot) < limits.lookback:
        return
    yield from _collapsed(base, now)
    yield from _unchanged(base, now, "frozen", "no price", lambda snapshot: snapshot.prices)
    yield from _unchanged(base, now, "carried_forward", "no byte", lambda snapshot: snapshot.captures)
    yield from _rescaled(base, now)
    yield from _emptied(base, now)
    yield from _ended(base, now)


def _collapsed(base: _Baseline, now: SnapshotSummary) -> Iterator[Anomaly]:
    """Far fewer rows than is usual: beyond six scaled median deviations, and a fifth under the median.

    Raised once, at the fall.
    """
    limits = base.limits
    window = base.window(now, limits.rows_lookback, limits.least_rows_snapshots)
    rows = pl.Series([snapshot.rows for snapshot in window])
    middle = float(pl.select(rows.median()).item())
    spread = limits.scaled_mad * float(pl.select((rows - middle).abs().median()).item())
    least = min(middle - limits.outlier_mads * spread, (1 - limits.least_drop) * middle)
    if now.rows < least <= base.before[-1].rows:
        yield Anomaly(
            "collapsed",
            f"{now.rows} rows, {middle:g} are usual",
            {"rows": now.rows, "median": middle, "scaled_mad": spread},
        )


def _unchanged(
    base: _Baseline,
    now: SnapshotSummary,
    kind: str,
    what: str,
    fingerprint: Callable[[SnapshotSummary], int | None],
) -> Iterator[Anomaly]:
    """A run of snapshots without a change that the habit of changing makes implausible (S4).

    With a change in a share f of snapshots, k in a row without one happen with probability (1 - f)^k. Raised
    once, when the run becomes implausible.
    """
    limits = base.limits
    if fingerprint(now) is None:
        return
    seen = [one for one in (*base.before, now) if fingerprint(one) is not None]
    run = 0
    while run + 1 < len(seen) and fingerprint(seen[-run - 2]) == fingerprint(now):
        run += 1
    since = seen[-run - 1]
    slots = base.distance(since.slot, now.slot)
    # The habit is that of the time before the run, so that it stays the same while the run goes on.
    earlier = _Baseline(seen[: len(seen) - run], base.cadence, limits)
    window = earlier.window(since, limits.habit_lookback, limits.least_habit_snapshots)
    habit = [fingerprint(one) != fingerprint(other) for one, other in pairwise(window)]
    if not run or len(habit) < limits.least_snapshots or slots > limits.habit_lookback:
        return
    # Laplace's estimate: that every snapshot so far had a change does not make one without impossible.
    share = (sum(habit) + 1) / (len(habit) + 2)

    def implausible(snapshots: int) -> bool:
        """Whether the run was, when it had so many snapshots of those that it has now."""
        length = base.distance(since.slot, seen[-1 - run + snapshots].slot)
        return length >= limits.least_run and (1 - share) ** snapshots < limits.unlikely

    if implausible(run) and not implausible(run - 1):
        yield Anomaly(
            kind,
            f"{what} has changed for {slots} {SLOTS[base.cadence]}; before, one did in {sum(habit)} of "
            f"{len(habit)} snapshots",
            {
                "slots": slots,
                "snapshots": run,
                "snapshots_with_a_change_before": sum(habit),
                "snapshots_before": len(habit),
            },
        )


def _rescaled(base: _Baseline, now: SnapshotSummary) -> Iterator[Anomaly]:
    """A median price many times, or a small part of, what it was in every snapshot of the last fortnight.

    That is a unit that changed without a word (dollars to cents, an hour to a month). Raised once.
    """
    factor = base.limits.rescaled_factor
    recent = base.recent(now)
    usual = [snapshot.middle for snapshot in recent if snapshot.middle]
    if not now.middle or len(usual) < base.limits.least_snapshots:
        return
    if now.middle >= factor * max(usual) or now.middle <= min(usual) / factor:
        yield Anomaly(
            "rescaled",
            f"the median price is ${now.middle:,.4g}; in the {base.distance(recent[0].slot, now.slot)} "
            f"{SLOTS[base.cadence]} before, ${min(usual):,.4g} to ${max(usual):,.4g}",
            {"median": now.middle, "least_before": min(usual), "most_before": max(usual)},
        )


def _emptied(base: _Baseline, now: SnapshotSummary) -> Iterator[Anomaly]:
    """A column that was filled in all snapshots of the last fortnight and is empty now."""
    limits, recent = base.limits, base.recent(now)
    for column, share in now.filled.items():
        least = min(snapshot.filled.get(column, 0.0) for snapshot in recent)
        if share <= limits.emptied_to and least >= limits.filled_before:
            yield Anomaly(
                "column_emptied",
                f"{column} has a value in {share:.0%} of rows, in {least:.0%} and more before",
                {"column": column, "filled": share, "least_before": least},
            )


def _ended(base: _Baseline, now: SnapshotSummary) -> Iterator[Anomaly]:
    """GPU models that were on offer nearly always and have not been for two days, though the source answered.

    Raised once, when the two days are over: scarce machines come and go. A slot that is missing is not a slot
    without them.
    """
    limits = base.limits
    past = (*base.before, now)
    ended, compared = [], 0
    for model in sorted(base.before[-1].models.union(*(one.models for one in base.recent(now))) - now.models):
        last = max((place for place, one in enumerate(past) if model in one.models), default=-1)
        if last < 0:
            continue

        def gone(place: int, since: int = last) -> bool:
            """Whether the model had been gone for long enough at the snapshot at this place."""
            slots = base.distance(past[since].slot, past[place].slot)
            return slots >= limits.gone_for and place - since >= limits.gone_snapshots

        if gone(len(past) - 1) and not gone(len(past) - 2):
            earlier = _Baseline(past[: last + 1], base.cadence, limits).recent(past[last + 1])
            if sum(model in one.models for one in earlier) >= limits.steady_share * len(earlier):
                ended.append(model)
                compared = len(earlier)
    if ended:
        yield Anomaly(
            "ended",
            f"no longer on offer: {', '.join(ended)}",
            {"models": ended, "snapshots_before": compared},
        )
