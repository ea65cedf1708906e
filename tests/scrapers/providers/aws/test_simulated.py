"""The demo's spot feed: of the true shape, with its told events in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scrapers.page import Capture, PageBroken
from scrapers.parse import Parsed, parse
from scrapers.providers.aws import simulated
from scrapers.registry import source
from scrapers.simulation import SimulatedNight

FIRST = datetime(2026, 9, 21, 3, tzinfo=UTC)
SPOT = source("aws.spot")


def read_night(index: int) -> Parsed:
    slot = FIRST + timedelta(days=index)
    night = SimulatedNight(index, slot, slot + timedelta(minutes=17))
    labels = {request.url: request.label for request in SPOT.requests}
    captures = [
        Capture(
            answer.source,
            answer.url,
            night.at,
            answer.status,
            answer.media_type,
            answer.body,
            label=labels[answer.url],
        )
        for answer in simulated.answers(night)
        if not answer.url.endswith("/robots.txt")
    ]
    return parse(SPOT, captures, slot=slot, run_id="run")


def offers(index: int) -> dict[str, dict[str, Any]]:
    return {row["offer_key"]: row for row in read_night(index).frames["offers"].to_dicts()}


def test_a_night_is_good_by_the_declaration() -> None:
    good = SPOT.declared.limits(simulated=True)["offers"]
    parsed = read_night(0)
    assert (parsed.rejected, parsed.notes.counts) == ([], {})
    frame = parsed.frames["offers"]
    assert frame.height >= good.rows_at_least
    for column, values in good.must_have.items():
        assert set(values) <= set(frame[column])


def test_prices_move_in_steps() -> None:
    before, after = offers(10), offers(11)
    moved = [key for key in before if before[key]["usd_per_hour"] != after[key]["usd_per_hour"]]
    assert 0 < len(moved) < 0.4 * len(before)


def test_the_told_events_are_in_the_feed() -> None:
    cut = "us-east-1:p5.48xlarge"
    assert offers(30)[cut]["usd_per_hour"] < 0.7 * offers(29)[cut]["usd_per_hour"]
    band = "us-east-1:g6e.xlarge"
    assert offers(26)[band]["interruption_high"] > offers(25)[band]["interruption_high"]
    assert "eu-west-1:p6-b200.48xlarge" not in offers(0)
    with pytest.raises(PageBroken, match="no JSON"):
        read_night(37)
