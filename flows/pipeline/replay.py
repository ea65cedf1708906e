"""Replay: parse archived captures again and append the differences as corrections.

A row is written once and never updated; a correction is a new scrape of the same slot, marked with the
parser's version, and the views take the newest.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from flows.operations.derivation import judged
from flows.pipeline.nightly import show
from flows.pipeline.steps import as_flow, run_logger, step
from flows.queries import load_query
from flows.runtime.clock import refuse_earlier_clock
from flows.runtime.comparison import comparable
from flows.runtime.lock import run_lock
from flows.runtime.run import Listener, RunRequest, RunSummary, new_run_id
from scrapers.archive.exchange import ArchiveDamaged
from scrapers.parse import Reading
from scrapers.parser_process import Parser, ParsingStopped
from scrapers.registry import Source
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.schema import FACT_TABLES
from warehouse.text_safety import visible


async def replay(
    request: RunRequest, watch: Listener | None = None, *, is_orchestrated: bool = True
) -> RunSummary:
    """Parse the archived captures of every slot since `min(request.at)` again.

    Slots that come out the same are left alone; the summary counts them as already settled. The site is
    rendered again where there is something to correct. `is_orchestrated` as in flows.pipeline.nightly.
    """
    watch = watch or Listener()
    if is_orchestrated:
        return await as_flow(_replay, request.flow, request.run_name, request, watch)
    return await _replay(request, watch)


async def _replay(request: RunRequest, watch: Listener) -> RunSummary:
    started = datetime.now(UTC)
    summary = RunSummary(new_run_id(started), "replay", "recorded", started)
    with (
        run_lock(request.home, "replay", watch.waiting, lock_file=request.lock_file),
        Ledger(request.storage) as ledger,
    ):
        refuse_earlier_clock(ledger, started)
        archived = {source: _archived(ledger, source, min(request.at)) for source in request.sources}
        watch.begun(sum(len(files) for files in archived.values()))
        for source, files in archived.items():
            if not files:
                continue
            corrected, same = await replay_source.named(source.id)(
                source, files, ledger, request.home, summary.run_id
            )
            summary.already_stored += same
            for record in corrected:
                summary.scrapes.append(record.scrape)
                watch.stored(record)
        if summary.scrapes:
            ledger.append_run(summary.row())
    if summary.scrapes:
        await show(request, summary)
    return summary


@step("replay source")
async def replay_source(
    source: Source, files: Mapping[datetime, str], ledger: Ledger, home: Path, run_id: str
) -> tuple[list[ScrapeRecord], int]:
    """Replay one source; returns the corrections appended and how many slots came out the same."""
    readings: dict[datetime, Reading | None] = {}
    with Parser() as parser:
        for slot, file in files.items():
            try:
                readings[slot] = parser.reading(source, home / file, home, slot=slot, run_id=run_id)
            except (ArchiveDamaged, OSError, ParsingStopped) as problem:
                run_logger().error("%s %s is left as it is: %s", source.id, slot, visible(str(problem)))
    if not readings:
        return [], 0
    last_good = ledger.last_good(source.id, min(files))
    simulated = bool(ledger.query(load_query("is_simulated"))["is_simulated"].item())
    records = judged(source, readings, last_good, run_id=run_id, simulated=simulated)
    corrections = [_without_captures(record) for record in records if _differs(record, ledger)]
    if corrections:
        ledger.append_all(corrections)
    return corrections, len(records) - len(corrections)


def _archived(ledger: Ledger, source: Source, since: datetime) -> dict[datetime, str]:
    rows = ledger.query(load_query("archived_slots"), {"source": source.id, "since": since})
    return dict(zip(rows["slot"].to_list(), rows["warc_file"].to_list(), strict=True))


def _differs(record: ScrapeRecord, ledger: Ledger) -> bool:
    """Whether a reading holds other facts than those that stand; a failure corrects nothing."""
    if record.scrape["status"] not in {"ok", "partial"}:
        return False
    key = {"source": record.scrape["source"], "slot": record.scrape["slot"]}
    for table in FACT_TABLES:
        standing = ledger.query(load_query(f"current_{table}"), key)
        read = record.frames.get(table)
        if (0 if read is None else read.height) != standing.height:
            return True
        if read is not None:
            stored, derived = comparable(standing, read)
            if not derived.equals(stored):
                return True
    return False


def _without_captures(record: ScrapeRecord) -> ScrapeRecord:
    """The record without its captures, which stand in the ledger since they were fetched."""
    frames = {table: frame for table, frame in record.frames.items() if table != "captures"}
    return ScrapeRecord(record.scrape, frames)
