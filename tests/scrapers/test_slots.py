from datetime import UTC, datetime, timedelta, timezone

import pytest

from scrapers.slots import LENGTH, Cadence, slot_name, slot_of


@pytest.mark.parametrize(
    ("cadence", "at", "slot"),
    [
        ("nightly", datetime(2026, 11, 20, 3, 0, tzinfo=UTC), datetime(2026, 11, 20, 3, tzinfo=UTC)),
        ("nightly", datetime(2026, 11, 20, 23, 59, tzinfo=UTC), datetime(2026, 11, 20, 3, tzinfo=UTC)),
        ("nightly", datetime(2026, 11, 20, 2, 59, 59, tzinfo=UTC), datetime(2026, 11, 19, 3, tzinfo=UTC)),
        ("nightly", datetime(2026, 3, 1, 0, 5, tzinfo=UTC), datetime(2026, 2, 28, 3, tzinfo=UTC)),
        ("hourly", datetime(2026, 11, 20, 14, 59, 59, tzinfo=UTC), datetime(2026, 11, 20, 14, tzinfo=UTC)),
        ("hourly", datetime(2026, 11, 20, 3, 17, tzinfo=UTC), datetime(2026, 11, 20, 3, tzinfo=UTC)),
    ],
)
def test_a_moment_belongs_to_the_newest_slot_that_had_begun(
    cadence: Cadence, at: datetime, slot: datetime
) -> None:
    assert slot_of(cadence, at) == slot
    assert slot <= at < slot + LENGTH[cadence]


def test_slots_are_in_utc_wherever_the_clock_is() -> None:
    in_berlin = datetime(2026, 7, 2, 4, 30, tzinfo=timezone(timedelta(hours=2)))
    assert slot_of("nightly", in_berlin) == datetime(2026, 7, 1, 3, tzinfo=UTC)


def test_a_slot_is_named_by_its_utc_hour() -> None:
    in_india = datetime(2026, 11, 20, 8, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert slot_name(in_india) == "2026-11-20T03Z"
