"""What breaks without an error is told against the source's own habit, once, and nothing else is."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from expectations.anomalies import Anomaly, SnapshotSummary, anomalies
from warehouse.limits import LENGTH, Cadence

FIRST = datetime(2026, 9, 1, 3, tzinfo=UTC)


def night(index: int, cadence: Cadence = "nightly", **facts: object) -> SnapshotSummary:
    usual = SnapshotSummary(
        slot=FIRST + index * LENGTH[cadence],
        rows=100 + index % 3,
        prices=index,
        captures=index,
        middle=2.0 + index % 2,
        filled={"region": 1.0, "reliability": 0.2},
        models=frozenset({"H100", "A100"}),
    )
    return replace(usual, **facts)  # type: ignore[arg-type]


def found(history: list[SnapshotSummary], cadence: Cadence = "nightly") -> list[tuple[int, Anomaly]]:
    """Every anomaly of a history, with the place of the snapshot that it is raised for."""
    return [
        (place, anomaly)
        for place, now in enumerate(history)
        for anomaly in anomalies(history[:place], now, cadence)
    ]


def kinds(history: list[SnapshotSummary], cadence: Cadence = "nightly") -> list[tuple[int, str]]:
    return [(place, anomaly.kind) for place, anomaly in found(history, cadence)]


def test_an_ordinary_history_is_quiet() -> None:
    assert kinds([night(index) for index in range(60)]) == []


def test_too_short_a_history_says_nothing() -> None:
    assert kinds([*(night(index) for index in range(13)), night(13, rows=1)]) == []


def test_a_collapse_is_told_and_ordinary_scatter_is_not() -> None:
    nights = [night(index) for index in range(20)]
    assert kinds([*nights, night(20, rows=60)]) == [(20, "collapsed")]
    assert kinds([*nights, night(20, rows=90)]) == []
    draw = random.Random(1)
    assert kinds([night(index, rows=draw.randint(50, 150)) for index in range(60)]) == []


def test_prices_that_used_to_move_and_froze_are_told_once() -> None:
    moving = [night(index) for index in range(20)]
    frozen = [night(index, prices=19) for index in range(20, 30)]
    # On every one of 19 nights something moved: (1/21)^3 is the first under 0.001.
    assert kinds([*moving, *frozen]) == [(22, "frozen")]
    habit = [night(index, prices=index - index % 2) for index in range(21)]
    still = [night(index, prices=20) for index in range(21, 40)]
    # A change on half of the nights: (1/2)^10 is the first under 0.001.
    assert kinds([*habit, *still]) == [(30, "frozen")]


def test_a_list_price_that_seldom_moves_is_no_frozen_one() -> None:
    assert kinds([night(index, prices=index // 30) for index in range(90)]) == []


def test_bytes_that_are_carried_forward_are_told() -> None:
    habit = [night(index, captures=index - index % 2) for index in range(21)]
    same = [night(index, captures=20) for index in range(21, 40)]
    assert kinds([*habit, *same]) == [(30, "carried_forward")]


def test_a_column_that_emptied_is_told_and_one_that_never_was_full_is_not() -> None:
    nights = [night(index) for index in range(20)]
    assert kinds([*nights, night(20, filled={"region": 0.0, "reliability": 0.0})]) == [(20, "column_emptied")]


def test_a_unit_that_changed_without_a_word_is_told_once_and_a_price_war_is_not() -> None:
    nights = [night(index) for index in range(20)]
    cents = [night(index, middle=250.0) for index in range(20, 40)]
    assert kinds([*nights, *cents]) == [(20, "rescaled")]
    assert kinds([*nights, night(20, middle=0.02)]) == [(20, "rescaled")]
    assert kinds([*nights, night(20, middle=0.7), night(21, middle=9.0)]) == []
    assert kinds([*nights, night(20, middle=None)]) == []


def test_a_series_that_ended_is_told_once_and_a_missing_night_does_not_end_it() -> None:
    nights = [night(index) for index in range(20)]
    gone = [night(index, models=frozenset({"H100"})) for index in range(21, 26)]
    assert kinds([*nights, *gone]) == [(21, "ended")]
    back = [*nights, night(20, models=frozenset({"H100"})), night(21)]
    assert kinds(back) == []


@pytest.mark.parametrize("history", [[], [night(0)]])
def test_no_history_is_no_anomaly(history: list[SnapshotSummary]) -> None:
    assert list(anomalies(history, night(1), "nightly")) == []


def hour(index: int, **facts: object) -> SnapshotSummary:
    return night(index, "hourly", **facts)


def test_a_fortnight_is_a_fortnight_for_an_hourly_source() -> None:
    hours = [hour(index) for index in range(14 * 24)]
    assert kinds([*hours[:-1], hour(14 * 24 - 1, rows=60)], "hourly") == []
    assert kinds([*hours, hour(14 * 24, rows=60)], "hourly") == [(14 * 24, "collapsed")]
    # Ten days ago it cost as much: that is within the fortnight, though not within 14 snapshots.
    dear = [replace(one, middle=11.0) if 90 <= place < 100 else one for place, one in enumerate(hours)]
    assert kinds([*dear, hour(14 * 24, middle=11.0)], "hourly") == []
    assert kinds([*hours, hour(14 * 24, middle=16.0)], "hourly") == [(14 * 24, "rescaled")]


def test_unchanged_hours_are_hours_and_not_nights() -> None:
    moving = [hour(index) for index in range(400)]
    frozen = [hour(index, prices=399) for index in range(400, 430)]
    ((place, anomaly),) = found([*moving, *frozen], "hourly")
    assert (place, anomaly.kind) == (402, "frozen")
    assert anomaly.summary.startswith("no price has changed for 3 hours; before, one did in ")
    nights = [*(night(index) for index in range(20)), *(night(index, prices=19) for index in range(20, 30))]
    assert [anomaly.summary for _, anomaly in found(nights)] == [
        "no price has changed for 3 nights; before, one did in 19 of 19 snapshots"
    ]


def test_a_quiet_night_of_an_hourly_source_is_no_freeze() -> None:
    """Prices that move in working hours alone stand still for 16 hours of every day."""
    seen, prices = [], 0
    for index in range(40 * 24):
        prices += index % 24 < 8
        seen.append(hour(index, prices=prices))
    assert kinds(seen, "hourly") == []


def test_a_model_of_an_hourly_source_has_ended_after_two_days_and_not_two_hours() -> None:
    hours = [hour(index) for index in range(400)]
    away = [hour(index, models=frozenset({"H100"})) for index in range(400, 500)]
    assert kinds([*hours, *away[:47], hour(447)], "hourly") == []
    # Last seen in hour 399: two days later is hour 447.
    assert kinds([*hours, *away], "hourly") == [(447, "ended")]


def test_an_hourly_source_that_is_read_once_a_night_is_judged_by_its_nights() -> None:
    nights = [replace(hour(24 * index), prices=index) for index in range(20)]
    assert kinds([*nights, hour(24 * 20, rows=60)], "hourly") == [(20, "collapsed")]
    gone = [hour(24 * index, prices=index, models=frozenset({"H100"})) for index in range(20, 25)]
    assert kinds([*nights, *gone], "hourly") == [(21, "ended")]


@pytest.mark.parametrize(("before", "after"), [(3, 2), (2, 3)])
def test_a_schedule_that_moved_changes_no_count_of_nights(before: int, after: int) -> None:
    moved = [
        replace(
            night(index), slot=FIRST.replace(hour=before if index < 20 else after) + timedelta(days=index)
        )
        for index in range(26)
    ]
    gone = [replace(one, models=frozenset({"H100"})) for one in moved[20:]]
    assert kinds([*moved[:20], *gone]) == [(21, "ended")]
    short = [*moved[6:20], replace(moved[20], rows=10)]
    assert kinds(short) == [(14, "collapsed")]


def test_a_freeze_is_raised_once_however_long_it_lasts() -> None:
    """The habit is that of the time before the freeze, which does not wane while it goes on."""
    busy, calm = [index % 2 for index in range(60)], [index % 10 == 0 for index in range(90)]
    prices, seen = 0, []
    for index, moves in enumerate([*busy, *calm, *([False] * 120)]):
        prices += moves
        seen.append(night(index, prices=prices))
    assert [kind for _, kind in kinds(seen)].count("frozen") == 1


def test_neither_the_judged_snapshot_nor_a_later_one_is_part_of_the_baseline() -> None:
    history = [night(index) for index in range(20)]
    for now in (night(20, rows=60), night(20, middle=500.0), night(20, filled={"region": 0.0})):
        later = [replace(now, slot=now.slot + timedelta(days=days)) for days in range(1, 30)]
        alone = list(anomalies(history, now, "nightly"))
        assert len(alone) == 1
        assert list(anomalies([*history, now, *later], now, "nightly")) == alone
