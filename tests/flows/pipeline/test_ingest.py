"""What becomes of a slot in every way that fetching and reading can end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.operations.derivation import judged, unstored
from flows.pipeline.ingest import ingest
from scrapers.archive.writer import Archive, FetchOutcome
from scrapers.declaration import SourceDeclared
from scrapers.page import Capture, Json, Row, source_page
from scrapers.parse import reading_of
from scrapers.providers.aws import page as aws_page
from scrapers.registry import Source, source
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.storage import FileStorage

SLOT = datetime(2026, 11, 10, 3, tzinfo=UTC)
SPOT = source("aws.spot")
FEED = {"rate": "perhr", "valueColumns": ["linux"], "currencies": ["USD"]}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(FileStorage(tmp_path)) as opened:
        yield opened


def feed(*sizes: tuple[str, str]) -> bytes:
    machines = [
        {"size": name, "valueColumns": [{"name": "linux", "prices": {"USD": price}}]} for name, price in sizes
    ]
    region = {"region": "us-east", "instanceTypes": [{"type": "gpuCurrentGen", "sizes": machines}]}
    return json.dumps({"vers": 0.01, "config": {**FEED, "regions": [region]}}).encode()


def archive(body: bytes | None, *errors: str, of: Source = SPOT) -> Archive:
    captures = []
    if body is not None:
        captures = [
            Capture(
                of.id,
                of.requests[0].url,
                SLOT,
                200,
                "application/json",
                body,
                label=of.requests[0].label,
                warc_file="raw/x.warc.gz",
            )
        ]
    return Archive(FetchOutcome(of.id, SLOT, SLOT, SLOT, not errors, errors, "absent"), captures)


def record_of(found: Archive | None, *, of: Source = SPOT, **options: Any) -> ScrapeRecord:
    (record,) = judged(
        of,
        {SLOT: found and reading_of(of, found, slot=SLOT, run_id="r")},
        {},
        run_id="r",
        **{"partial": True, **options},
    )
    return record


def kinds(record: ScrapeRecord) -> list[str]:
    return record.frames["incidents"]["kind"].to_list()


def test_a_source_that_was_never_fetched_is_skipped_with_the_reason() -> None:
    record = record_of(None, why_missing="nothing could be fetched: no such folder")
    assert (record.scrape["status"], record.scrape["error"]) == (
        "skipped",
        "nothing could be fetched: no such folder",
    )
    assert kinds(record) == ["fetch_failed"]


def test_a_fetch_without_an_answer_fails_with_what_stopped_it() -> None:
    record = record_of(archive(None, "https://x: timed out after 60 s", "https://y: HTTP 500"))
    assert record.scrape["status"] == "failed"
    assert record.scrape["error"] == "https://x: timed out after 60 s (and 1 more)"
    assert kinds(record) == ["fetch_failed"]


def test_a_page_of_another_structure_fails_and_keeps_its_captures() -> None:
    record = record_of(archive(b"<h1>Please come back later</h1>"))
    assert record.scrape["status"] == "failed"
    assert "answered no JSON" in record.scrape["error"]
    assert kinds(record) == ["page_changed"]
    assert record.frames["captures"].height == 1


def test_half_a_fetch_is_partial_and_says_what_is_missing() -> None:
    record = record_of(archive(feed(("g5.xlarge", "0.44")), "advisor: HTTP 503"), partial=False)
    assert record.scrape["status"] == "failed", "one row is too few for a whole night"
    record = record_of(archive(feed(("g5.xlarge", "0.44")), "advisor: HTTP 503"))
    assert (record.scrape["status"], record.scrape["error"]) == ("partial", "advisor: HTTP 503")
    assert record.scrape["rows_accepted"] == 1
    assert kinds(record) == ["fetch_failed"]


def test_what_the_crawl_noticed_is_a_finding_beside_those_of_the_page() -> None:
    found = archive(feed(("g5.xlarge", "0.44")))
    noticed = (("redirected", "b.example", "from a.example"), ("popup", "c.example", ""))
    record = record_of(replace(found, outcome=replace(found.outcome, findings=(*noticed, noticed[0]))))
    findings = record.frames["findings"].select("kind", "subject", "detail", "times").rows()
    assert ("redirected", "b.example", "from a.example", 1) in findings
    assert ("popup", "c.example", None, 1) in findings
    assert (record.scrape["status"], record.scrape["error"]) == ("partial", None)


def test_a_record_that_cannot_be_read_is_quarantined_and_the_rest_stored(ledger: Ledger) -> None:
    found = archive(feed(*((f"g5.{size}xlarge", "1.0") for size in (2, 4, 8, 12, 16)), ("g5.xlarge", "soon")))
    (record,) = ingest(
        SPOT, {SLOT: reading_of(SPOT, found, slot=SLOT, run_id="r")}, ledger, run_id="r", partial=True
    )
    assert (record.scrape["rows_accepted"], record.scrape["rows_quarantined"]) == (5, 1)
    (refused,) = ledger.query("SELECT table_name, reason, record FROM quarantine").to_dicts()
    assert "'soon' is not a number" in refused["reason"]
    assert json.loads(refused["record"])["size"] == "g5.xlarge"
    assert ledger.query("SELECT count(*) AS n FROM offers")["n"].item() == 5


def test_what_breaks_in_our_own_code_is_on_record_too(ledger: Ledger) -> None:
    unstored(SPOT, [SLOT], ledger, run_id="r", problem=KeyError("surprise"))
    (scrape,) = ledger.query("SELECT status, error FROM scrapes").to_dicts()
    assert scrape == {"status": "failed", "error": "KeyError: 'surprise'"}


GONE = Source(
    "acme",
    "liveness",
    SourceDeclared.model_validate(
        {
            "title": "Whether Acme is back",
            "format": "liveness",
            "words": ["Acme", "GPU"],
            "request": [{"url": "https://acme.example"}],
        }
    ),
)


def test_silence_is_what_is_expected_of_a_service_that_has_gone() -> None:
    record = record_of(
        archive(None, "https://acme.example: could not resolve acme.example", of=GONE), of=GONE
    )
    assert record.scrape["status"] == "ok"
    assert record.scrape["error"] == "still gone: https://acme.example: could not resolve acme.example"
    assert kinds(record) == []


def test_a_service_that_comes_back_is_an_incident() -> None:
    record = record_of(archive(b"<title>Acme</title><p>Rent a GPU.</p>", of=GONE), of=GONE, partial=False)
    assert record.scrape["status"] == "ok"
    assert kinds(record) == ["returned"]
    assert record.frames["terms"]["state"].to_list() == ["present"]


def test_a_page_whose_own_code_breaks_ends_its_slot_alone_and_keeps_its_captures(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    @source_page(Json)
    def broken(documents: Sequence[Json], notes: Any) -> Any:
        if b"m7" in documents[0].capture.body:
            raise KeyError("a field that its author took for granted")
        return page(documents, notes)

    page = aws_page.spot
    monkeypatch.setattr(aws_page, "spot", broken)
    slots = {SLOT: archive(feed(("m7", "1.0"))), SLOT.replace(day=11): archive(feed(("p3.2xlarge", "0.9")))}
    readings = {slot: reading_of(SPOT, found, slot=slot, run_id="r") for slot, found in slots.items()}
    first, second = judged(SPOT, readings, {}, run_id="r", partial=True)
    assert first.scrape["status"] == "failed"
    assert first.scrape["error"].startswith("the page is not what aws.spot knows (KeyError")
    assert first.frames["captures"].height == 1
    assert first.frames["incidents"]["kind"].to_list() == ["page_changed"]
    assert second.scrape["rows_accepted"] > 0
    assert "took for granted" in caplog.text


def test_a_row_that_does_not_fit_its_columns_is_quarantined_and_no_other_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = aws_page.spot

    @source_page(Json)
    def odd(documents: Sequence[Json], notes: Any) -> Any:
        rows = [row for row in page(documents, notes) if isinstance(row, Row)]
        yield from rows
        yield replace(rows[0], values={**rows[0].values, "offer_key": "odd", "gpu_count": 2**80})

    monkeypatch.setattr(aws_page, "spot", odd)
    record = record_of(archive(feed(("p3.2xlarge", "0.9"))))
    (row,) = record.frames["quarantine"].to_dicts()
    assert "which is not an integer" in row["reason"]
    assert record.scrape["rows_accepted"] == 1
