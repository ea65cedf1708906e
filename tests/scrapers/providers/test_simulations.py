"""Every simulation is read by its own provider's page as a good night, from the last night of the demo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec

import pytest

from flows.operations.derivation import judged
from scrapers import registry
from scrapers.archive.writer import Archive, FetchOutcome
from scrapers.page import Capture
from scrapers.parse import Reading, reading_of
from scrapers.registry import Source, sources
from scrapers.simulation import SimulatedNight

LAST = datetime(2026, 11, 19, 3, tzinfo=UTC)
NIGHT = SimulatedNight(59, LAST, LAST + timedelta(minutes=17))
# What a browser must render first is read in the demo itself.
STATIC = [
    s
    for s in sources()
    if s.declared.credential is None
    and s.declared.format not in {"rendered_page", "liveness"}
    and find_spec(f"scrapers.providers.{s.provider}.simulated")
]


def _last_night(source: Source) -> Reading:
    simulated = import_module(f"scrapers.providers.{source.provider}.simulated")
    labels = {request.url: request.label for request in source.requests}
    captures = [
        Capture(
            source.id,
            answer.url,
            NIGHT.at,
            answer.status,
            answer.media_type,
            answer.body,
            label=labels.get(answer.url, ""),
            asked=answer.asked,
        )
        for answer in simulated.answers(NIGHT)
        if answer.source == source.id and not answer.url.endswith("/robots.txt")
    ]
    archive = Archive(FetchOutcome(source.id, LAST, NIGHT.at, NIGHT.at, ok=True), captures)
    return reading_of(source, archive, slot=LAST, run_id="test")


@pytest.mark.parametrize("source", STATIC, ids=lambda source: source.id)
def test_the_last_simulated_night_is_a_good_one(source: Source) -> None:
    (record,) = judged(source, {LAST: _last_night(source)}, {}, run_id="test", simulated=True)
    assert record.scrape["status"] == "ok", record.scrape["error"]
    assert record.scrape["rows_quarantined"] == 0, record.frames["quarantine"].to_dicts()


@pytest.mark.parametrize("source", [s for s in STATIC if s.declared.demo], ids=lambda source: source.id)
def test_limits_of_the_demo_are_lower_than_those_of_the_source_and_hold_nowhere_else(source: Source) -> None:
    real, demo = (source.declared.limits(simulated=simulated) for simulated in (False, True))
    assert real == source.declared.good
    for table in source.declared.demo:
        assert demo[table].rows_at_least < real[table].rows_at_least
        assert demo[table].must_have == real[table].must_have


def test_a_demo_night_of_the_spot_feed_is_too_small_for_a_real_one() -> None:
    spot = registry.source("aws.spot")
    (real,) = judged(spot, {LAST: _last_night(spot)}, {}, run_id="test")
    (demo,) = judged(spot, {LAST: _last_night(spot)}, {}, run_id="test", simulated=True)
    assert (real.scrape["status"], demo.scrape["status"]) == ("failed", "ok")
    assert "850" in real.scrape["error"]
