"""Parsing: one source's archived captures -> typed frames."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from scrapers.archive.writer import Archive, FetchOutcome, Finding
from scrapers.formats import format_of
from scrapers.page import Capture, Document, Notes, PageBroken, Rejected, Row
from scrapers.page.record import mistake, raw_json
from scrapers.page.type_check import misfit
from scrapers.registry import Source
from warehouse.schema import BY_NAME

logger = logging.getLogger(__name__)


@dataclass
class Parsed:
    """What a page read: a frame for each table, the records it could not read, and its findings.

    Frames have the table's schema; run, slot, source and parser version are filled in.
    """

    frames: dict[str, pl.DataFrame]
    rejected: list[Rejected] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)

    @property
    def rows(self) -> int:
        """Records met: rows read and records that could not be."""
        return sum(frame.height for frame in self.frames.values()) + len(self.rejected)


@dataclass
class Reading:
    """What the ledger needs of one slot's archive, without the bytes that the archive holds.

    `captures` are rows of the captures table, `answers` the digests of those that a page may read. `broken`
    is why nothing could be read, `findings` what the crawl and the addresses of the answers tell.
    """

    outcome: FetchOutcome
    captures: pl.DataFrame
    answers: list[str]
    findings: list[Finding]
    parsed: Parsed | None = None
    broken: str | None = None


def opened(source: Source, archive: Archive, *, slot: datetime, run_id: str) -> Reading:
    """An archive's facts, before a page reads it."""
    captures = captures_frame(archive.captures, run_id=run_id, source=source.id, slot=slot)
    answers = [capture.capture_id for capture in archive.answers]
    findings = [*archive.outcome.findings, *redirected(source, archive.captures)]
    return Reading(archive.outcome, captures, answers, list(dict.fromkeys(findings)))


def reading_of(source: Source, archive: Archive, *, slot: datetime, run_id: str) -> Reading:
    """An archive's facts, and what its page reads in it."""
    reading = opened(source, archive, slot=slot, run_id=run_id)
    if archive.answers:
        try:
            reading.parsed = parse(source, archive.answers, slot=slot, run_id=run_id)
        except PageBroken as problem:
            reading.broken = str(problem)
    return reading


def redirected(source: Source, captures: Iterable[Capture]) -> Iterator[Finding]:
    """A finding for each answer of a host that the source does not declare, or of http in place of https."""
    schemes = {urlsplit(request.url).scheme for request in source.requests}
    for capture in captures:
        parts = urlsplit(capture.url)
        host = parts.hostname or ""
        if capture.role not in {"response", "rendered"}:
            continue
        if host not in source.hosts:
            yield "redirected", host, f"an answer came from {capture.url}"
        elif parts.scheme not in schemes and parts.scheme == "http":
            yield "redirected", host, f"an answer came without encryption, from {capture.url}"


def captures_frame(captures: Sequence[Capture], *, run_id: str, source: str, slot: datetime) -> pl.DataFrame:
    """Captures as a frame of the captures table: where each archived answer lies."""
    rows = [
        {
            "capture_id": capture.capture_id,
            "run_id": run_id,
            "source": source,
            "slot": slot,
            "role": capture.role,
            "url": capture.url,
            "fetched_at": capture.fetched_at,
            "http_status": capture.http_status,
            "media_type": capture.media_type,
            "bytes": len(capture.body),
            "warc_file": capture.warc_file,
            "warc_offset": capture.warc_offset,
        }
        for capture in captures
    ]
    return pl.DataFrame(rows, schema=BY_NAME["captures"].polars())


def parse(source: Source, captures: Sequence[Capture], *, slot: datetime, run_id: str) -> Parsed:
    """Read a source's captures.

    Raises PageBroken, and nothing else, when the structure is not the one the page knows. A row with a value
    of another kind than its column's is rejected, never converted.
    """
    documents = format_of(source).documents(captures)
    parsed = Parsed({})
    rows: dict[str, list[Mapping[str, Any]]] = {table: [] for table in source.declared.good}
    for item in _items(source, documents, parsed.notes):
        if isinstance(item, Rejected):
            parsed.rejected.append(item)
        elif reason := misfit(item):
            capture_id = item.values["capture_id"]
            parsed.rejected.append(Rejected(item.table, reason, raw_json(item.values), capture_id))
        else:
            rows[item.table].append(item.values)
    filled = {
        "slot": slot,
        "run_id": run_id,
        "provider": source.provider,
        "source": source.id,
        "parser_version": source.parser_version,
    }
    for table, values in rows.items():
        schema = BY_NAME[table].polars()
        typed = {name: kind for name, kind in schema.items() if name not in filled}
        frame = pl.DataFrame(values, schema=typed, strict=True)
        constants = [pl.lit(value, dtype=schema[name]).alias(name) for name, value in filled.items()]
        parsed.frames[table] = frame.with_columns(constants).select(schema.names())
    return parsed


def _items(source: Source, documents: Sequence[Document], notes: Notes) -> Iterator[Row | Rejected]:
    """What the page yields; where it took a structure for granted that is not there, PageBroken."""
    try:
        yield from format_of(source).page(source)(documents, notes)
    # Memory that ran out is the caller's to tell of.
    except (PageBroken, MemoryError):
        raise
    # A provider's own code may raise anything; its night fails with the reason, and no other source's.
    except Exception as problem:
        logger.exception("the page of %s broke", source.id)
        sentence = f"the page is not what {source.id} knows ({mistake(problem)})"
        raise PageBroken(sentence) from problem
