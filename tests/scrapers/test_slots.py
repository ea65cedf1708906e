import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from prefect.server.schemas.schedules import CronSchedule

from scrapers.slots import LENGTH, NIGHTLY_HOUR, Cadence, due_slot, first_hour, slot_name, slot_of


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


MOVED_EARLIER = "a schedule moved from 03:17 to 02:00"
MOVED_LATER = "a schedule moved from 02:00 to 03:17"


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "hour", "slot"),
    [
        (utc(20, 2), 2, utc(20, 2)),
        (utc(20, 1, 59), 2, utc(19, 2)),
        (utc(20, 1), 3, utc(19, 3)),
        (utc(20, 23, 30), 23, utc(20, 23)),
        (utc(20, 0, 5), 23, utc(19, 23)),
        (utc(20, 0, 5), 0, utc(20, 0)),
    ],
)
def test_a_nightly_slot_is_at_the_hour_of_the_schedule(at: datetime, hour: int, slot: datetime) -> None:
    assert slot_of("nightly", at, hour) == slot
    assert due_slot("nightly", at, hour) == slot


@pytest.mark.parametrize(
    ("what", "at", "hour", "known", "slot"),
    [
        (MOVED_EARLIER, utc(21, 2), 2, [utc(19, 3), utc(20, 3)], utc(21, 2)),
        (f"{MOVED_EARLIER}, run by hand that day", utc(20, 12), 2, [utc(19, 3), utc(20, 3)], utc(20, 3)),
        (f"{MOVED_EARLIER}, run by hand before it", utc(21, 1), 2, [utc(19, 3), utc(20, 3)], utc(20, 3)),
        (f"{MOVED_LATER} that day", utc(20, 3, 17), 3, [utc(19, 2), utc(20, 2)], utc(20, 2)),
        (f"{MOVED_LATER}, run by hand in between", utc(20, 2, 30), 3, [utc(19, 2), utc(20, 2)], utc(20, 2)),
        (f"{MOVED_LATER}, the next night", utc(21, 3, 17), 3, [utc(19, 2), utc(20, 2)], utc(21, 3)),
        ("from 23:00 to 01:00", utc(21, 1), 1, [utc(19, 23), utc(20, 23)], utc(21, 1)),
        ("from 23:00 to 01:00, by hand before it", utc(21, 0, 30), 1, [utc(20, 23)], utc(20, 23)),
        ("from 01:00 to 23:00, that day", utc(20, 23), 23, [utc(19, 1), utc(20, 1)], utc(20, 1)),
        ("by hand before the schedule, where a night was missed", utc(20, 1), 3, [utc(18, 3)], utc(19, 3)),
    ],
)
def test_a_day_keeps_its_slot_when_the_schedule_moves(
    what: str, at: datetime, hour: int, known: list[datetime], slot: datetime
) -> None:
    assert due_slot("nightly", at, hour, known=known) == slot, what


def test_what_is_known_moves_no_hour() -> None:
    assert due_slot("hourly", utc(20, 5, 5), 2, known=[utc(20, 4), utc(20, 6)]) == utc(20, 5)


def test_an_archive_names_its_own_slots() -> None:
    archived = [utc(19, 3), utc(20, 3), utc(21, 2)]
    assert [
        due_slot("nightly", at, 2, archived=archived)
        for at in (utc(19, 3, 17), utc(20, 3, 17), utc(21, 2), utc(22, 2))
    ] == [*archived, utc(22, 2)]


CRONS = [
    "17 3 * * *",
    "0 2 * * *",
    "* * * * *",
    "*/15 */6 * * *",
    "0 3,15 * * *",
    "0 15,4 * * 1-5",
    "0 4-8/2 * * *",
    "0 3/5 * * *",
    "0 22-2 * * *",
    "0 23 1 * *",
    "@daily",
    "@hourly",
]


@pytest.mark.parametrize("cron", CRONS)
def test_the_hour_of_nightly_slots_is_that_of_the_first_run_of_a_day(cron: str) -> None:
    schedule = CronSchedule(cron=cron, timezone="UTC")
    (some,) = asyncio.run(schedule.get_dates(1, start=utc(20, 12)))
    midnight = some.replace(hour=0, minute=0, second=0)
    (first,) = asyncio.run(schedule.get_dates(1, start=midnight))
    assert first_hour(cron) == first.hour


def test_without_a_schedule_nightly_slots_are_at_the_usual_hour() -> None:
    assert first_hour("") == NIGHTLY_HOUR


@pytest.mark.parametrize("cron", ["3", "at three", "0 noon * * *"])
def test_what_is_no_schedule_has_no_hour(cron: str) -> None:
    with pytest.raises(ValueError, match=r"cron|int"):
        first_hour(cron)
