"""Sixteen nights on which another project failed to read a source and said nothing; here each is told.

The nights are not this project's to publish, so the test skips where they are absent.
"""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from pathlib import Path

from flows.pipeline.ingest import ingest
from scrapers.archive.writer import Archive, FetchOutcome
from scrapers.page import Capture
from scrapers.parse import reading_of
from scrapers.registry import source
from warehouse.ledger import Ledger
from warehouse.storage import FileStorage

ASKED = source("paperspace.machines")
NAME = "gpurentalprices_daily_provider_status.csv.gz"


def as_it_would_end_here(slot: datetime, error: str) -> Archive:
    """A page whose table is gone was answered; anything else was never answered."""
    if "matched 0 rows" not in error:
        return Archive(FetchOutcome(ASKED.id, slot, slot, slot, False, (error,), "absent"), [])
    body = b"<html><h1>Pricing</h1><p>All new.</p></html>"
    page = Capture(ASKED.id, ASKED.requests[0].url, slot, 200, "text/html", body, warc_file="raw/x.warc.gz")
    return Archive(FetchOutcome(ASKED.id, slot, slot, slot, True, (), "absent"), [page])


def test_each_raises_an_incident_the_same_night_and_no_price_is_carried_on(
    captures_dir: Path, tmp_path: Path
) -> None:
    with gzip.open(captures_dir / "history" / NAME, "rt", newline="") as lines:
        failed = [row for row in csv.DictReader(lines) if row["ok"] != "True"]
    assert len(failed) == 16
    told = []
    for number, row in enumerate(failed):
        slot = datetime.fromisoformat(row["date"]).replace(hour=3, tzinfo=UTC)
        with Ledger(FileStorage(tmp_path / str(number))) as ledger:
            ended = as_it_would_end_here(slot, row["error"])
            ingest(ASKED, {slot: reading_of(ASKED, ended, slot=slot, run_id="r")}, ledger, run_id="r")
            told += ledger.query("SELECT slot, kind, severity FROM incidents").rows()
            assert ledger.query("SELECT * FROM offers").is_empty()
            assert ledger.query("SELECT status FROM scrapes").rows() == [("failed",)]
    assert [(slot.date().isoformat(), severity) for slot, _, severity in told] == [
        (row["date"], "error") for row in failed
    ]
    assert sum(kind == "page_changed" for _, kind, _ in told) == 4
