"""What breaks without an error is told against the source's own habit, once, and nothing else is."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from expectations.anomalies import Night, alarms

FIRST = datetime(2026, 9, 1, 3, tzinfo=UTC)


def night(index: int, **facts: object) -> Night:
    usual = Night(
        slot=FIRST + timedelta(days=index),
        rows=100 + index % 3,
        prices=index,
        captures=index,
        middle=2.0 + index % 2,
        filled={"region": 1.0, "reliability": 0.2},
        models=frozenset({"H100", "A100"}),
    )
    return replace(usual, **facts)  # type: ignore[arg-type]


def kinds(nights: list[Night]) -> list[tuple[int, str]]:
    """Every alarm of a history, with the night it is raised on."""
    return [(end - 1, alarm.kind) for end in range(1, len(nights) + 1) for alarm in alarms(nights[:end])]


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


@pytest.mark.parametrize("nights", [[], [night(0)]])
def test_no_history_is_no_alarm(nights: list[Night]) -> None:
    assert list(alarms(nights)) == []
