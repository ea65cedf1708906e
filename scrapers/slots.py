"""Slots: the scheduled UTC hours that snapshots belong to.

A nightly source has one slot a day, 03:00 UTC; an hourly source has one an hour. The two coincide at
03:00, so that the nightly flow and the hourly market never write the same snapshot twice.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Literal

Cadence = Literal["nightly", "hourly"]

NIGHTLY_HOUR: Final = 3
LENGTH: Final[dict[Cadence, timedelta]] = {"nightly": timedelta(days=1), "hourly": timedelta(hours=1)}


def slot_of(cadence: Cadence, at: datetime) -> datetime:
    """The newest slot that had begun at `at`, an aware datetime."""
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if cadence == "hourly":
        return hour
    slot = hour.replace(hour=NIGHTLY_HOUR)
    return slot if slot <= hour else slot - timedelta(days=1)


def slot_name(slot: datetime) -> str:
    """A slot as it stands in file names and messages: 2026-11-20T03Z."""
    return slot.astimezone(UTC).strftime("%Y-%m-%dT%HZ")
