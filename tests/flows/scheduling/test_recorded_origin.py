"""Recorded prices are the real ones of their time, but for those of the demo's web."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from flows.runtime.installation import Installation
from flows.scheduling.scheduled_request import scheduled_request
from scrapers.simulation import SimulatedNight, record_web

AT = datetime(2026, 11, 19, 3, 17, tzinfo=UTC)


def test_the_demos_web_is_simulated_whoever_reads_it(tmp_path: Path) -> None:
    saved, demo = tmp_path / "saved", tmp_path / "demo"
    saved.mkdir()
    record_web(demo, [SimulatedNight(0, AT.replace(minute=0), AT)], lambda night: None)
    installation = Installation(tmp_path)
    origins = {
        web.name: scheduled_request("nightly", installation, at=AT, recorded=web).origin
        for web in (saved, demo)
    }
    assert origins == {"saved": "recorded", "demo": "simulated"}
    assert scheduled_request("nightly", installation).origin == "live"
