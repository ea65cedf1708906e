"""Every simulation is read by its own provider's page as a good night, from the last night of the demo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest

from flows.operations.derivation import judged
from scrapers.archive.writer import Archive, FetchOutcome
from scrapers.page import Capture
from scrapers.parse import reading_of
from scrapers.registry import Source, sources
from scrapers.simulation import SimulatedNight

LAST = datetime(2026, 11, 19, 3, tzinfo=UTC)
NIGHT = SimulatedNight(59, LAST, LAST + timedelta(minutes=17))
# What a browser must render first is read in the demo itself.
STATIC = [
    s for s in sources() if s.declared.credential is None and s.declared.format in {"json_api", "html_table"}
]


@pytest.mark.parametrize("source", STATIC, ids=lambda source: source.id)
def test_the_last_simulated_night_is_a_good_one(source: Source) -> None:
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
    (record,) = judged(
        source, {LAST: reading_of(source, archive, slot=LAST, run_id="test")}, {}, run_id="test"
    )
    assert record.scrape["status"] == "ok", record.scrape["error"]
    assert record.scrape["rows_quarantined"] == 0, record.frames["quarantine"].to_dicts()
