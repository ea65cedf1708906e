"""Ingest of one source: judge its rows, append them, detect anomalies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flows.operations.derivation import NEVER_FETCHED, judged
from flows.pipeline.anomalies import detect_anomalies
from scrapers.parse import Reading
from scrapers.registry import Source
from warehouse.ledger import Ledger, ScrapeRecord


def ingest(
    source: Source,
    readings: Mapping[datetime, Reading | None],
    ledger: Ledger,
    *,
    run_id: str,
    partial: bool = False,
    why_missing: str = NEVER_FETCHED,
    simulated: bool = False,
) -> list[ScrapeRecord]:
    """Judge and append what was read of a source's slots, in one transaction; returns what was appended.

    `readings` maps each due slot to what was read of its archive, None where the crawl never finished it, for
    the reason in `why_missing`. `partial` lifts the count assertions, for excerpts saved by hand; `simulated`
    nights have the demo's limits. What was stored is then compared with the source's earlier snapshots.
    """
    last_good = ledger.last_good(source.id, min(readings))
    records = judged(
        source,
        readings,
        last_good,
        run_id=run_id,
        partial=partial,
        why_missing=why_missing,
        simulated=simulated,
    )
    ledger.append_all(records)
    stored = [record.scrape["slot"] for record in records if record.scrape["rows_accepted"]]
    if stored and not partial:
        detect_anomalies(source, stored, ledger, run_id=run_id)
    return records
