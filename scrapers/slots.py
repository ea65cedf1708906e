"""Slots: the scheduled UTC times that snapshots are for, named by their hour.

A nightly source has one slot a UTC day, at the hour of the day's first scheduled run; an hourly source has
one an hour. The nightly flow reads hourly sources too, for the hour that it runs in.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final

from warehouse.limits import LENGTH, Cadence

__all__ = [
    "LENGTH",
    "NIGHTLY_HOUR",
    "Cadence",
    "due_slot",
    "first_hour",
    "slot_name",
    "slot_of",
    "slot_of_run",
]

NIGHTLY_HOUR: Final = 3
"""The hour of nightly slots where nothing is scheduled."""
_HOURS_A_DAY: Final = 24


def slot_of(cadence: Cadence, at: datetime, nightly_hour: int = NIGHTLY_HOUR) -> datetime:
    """The newest slot that had begun at `at`, an aware datetime.

    `nightly_hour` is the UTC hour of nightly slots; see `first_hour`.
    """
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if cadence == "hourly":
        return hour
    slot = hour.replace(hour=nightly_hour)
    return slot if slot <= hour else slot - timedelta(days=1)


def slot_of_run(flow: str, at: datetime, nightly_hour: int = NIGHTLY_HOUR) -> datetime:
    """The slot that a run of a flow is named by: nightly for the nightly flow, hourly for every other one."""
    return slot_of("nightly" if flow == "nightly" else "hourly", at, nightly_hour)


def due_slot(
    cadence: Cadence,
    at: datetime,
    nightly_hour: int = NIGHTLY_HOUR,
    *,
    known: Collection[datetime] = (),
    archived: Collection[datetime] = (),
) -> datetime:
    """The slot of a source that is due at `at`, given the slots that are `known` of it already.

    As `slot_of`, but a UTC day keeps its nightly slot when the schedule moves: a known slot of the same day,
    or one that began after the scheduled one, takes its place. `archived` are the slots of an archive that is
    read in place of the network: one that `at` falls into takes the place of the schedule.
    """
    scheduled = slot_of(cadence, at, nightly_hour)
    if cadence == "hourly":
        return scheduled
    lasting = [slot for slot in archived if slot <= at < slot + LENGTH[cadence]]
    scheduled = max(lasting, default=scheduled)
    begun = [slot for slot in known if scheduled <= slot <= at]
    of_the_day = [slot for slot in known if slot.date() == scheduled.date()]
    return max(begun, default=None) or max(of_the_day, default=scheduled)


def first_hour(cron: str) -> int:
    """The hour of the day's first run by a cron expression in UTC, NIGHTLY_HOUR for "" (never).

    On every day that an expression names it runs at the same hours. Raises ValueError for what has no hours.
    """
    if not cron:
        return NIGHTLY_HOUR
    # @daily, @hourly and the like all begin at midnight.
    if cron.startswith("@"):
        return 0
    fields = cron.split()
    if len(fields) < 2:  # noqa: PLR2004 - minutes and hours
        raise ValueError(f"{cron!r} is not a cron expression: it has no hours")
    return min(hour for part in fields[1].split(",") for hour in _hours(part))


def _hours(part: str) -> list[int]:
    """The hours of one part of a cron expression's hour field: *, 3, 3-9 or 22-2, with or without /step."""
    span, _, step = part.partition("/")
    first, _, last = ("0-23" if span == "*" else span).partition("-")
    start, end = int(first), int(last or (_HOURS_A_DAY - 1 if step else first))
    if end < start:
        end += _HOURS_A_DAY
    return [hour % _HOURS_A_DAY for hour in range(start, end + 1, int(step or 1))]


def slot_name(slot: datetime) -> str:
    """A slot in file names and messages: 2026-11-20T03Z."""
    return slot.astimezone(UTC).strftime("%Y-%m-%dT%HZ")
