"""What an answer costs to read is bounded, and ends its own slot and nothing else."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scrapers.archive.exchange import ArchiveDamaged, Exchange
from scrapers.archive.writer import ArchiveWriter, FetchOutcome
from scrapers.parser_process import Parser, ParsingStopped
from scrapers.registry import source

SLOT = datetime(2026, 11, 10, 3, tzinfo=UTC)
SPOT = source("aws.spot")


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser(memory=200, seconds=20) as parser:
        yield parser


def archive(home: Path, body: bytes) -> Path:
    writer = ArchiveWriter(home / "raw" / f"{len(body)}.warc.gz", source=SPOT.id, slot=SLOT)
    headers = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]
    writer.write(
        Exchange(SPOT.requests[0].url, SLOT, gzip.compress(body), headers, label=SPOT.requests[0].label)
    )
    return writer.seal(FetchOutcome(SPOT.id, SLOT, SLOT, SLOT, ok=True))


def test_a_bomb_ends_its_own_slot_and_the_next_is_read(parser: Parser, tmp_path: Path) -> None:
    bomb = archive(tmp_path, b"[" + b"[]," * 5_000_000 + b"[]]")
    assert bomb.stat().st_size < 100_000
    stopped = parser.reading(SPOT, bomb, tmp_path, slot=SLOT, run_id="r")
    assert (stopped.broken or "").startswith("reading the answers took more than 200 MiB of memory")
    assert (stopped.outcome.ok, stopped.captures.height, len(stopped.answers)) == (True, 1, 1)
    read = parser.reading(SPOT, archive(tmp_path, b"{}"), tmp_path, slot=SLOT, run_id="r")
    assert "field config is missing" in (read.broken or "")


def test_an_answer_of_endless_values_is_refused_before_it_is_read(parser: Parser, tmp_path: Path) -> None:
    bomb = archive(tmp_path, b"[" + b"0," * 20_000_001 + b"0]")
    stopped = parser.reading(SPOT, bomb, tmp_path, slot=SLOT, run_id="r")
    assert "more than 20,000,000 values" in (stopped.broken or "")


def test_reading_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with Parser(seconds=0.001) as hurried, pytest.raises(ParsingStopped, match=r"took more than 0\.001 s"):
        hurried.reading(SPOT, archive(tmp_path, b"{}"), tmp_path, slot=SLOT, run_id="r")


def test_a_damaged_archive_is_an_error_and_not_the_end_of_the_parser(parser: Parser, tmp_path: Path) -> None:
    path = archive(tmp_path, b"{}")
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(ArchiveDamaged, match="was cut short"):
        parser.reading(SPOT, path, tmp_path, slot=SLOT, run_id="r")
