"""Dry run of a source: fetch, parse and judge it in a temporary folder, store nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.operations.derivation import judged
from flows.runtime.run import new_run_id
from scrapers.crawl.client import FetchPlan, Job, fetch
from scrapers.parser_process import Parser
from scrapers.registry import Source
from scrapers.simulation import is_simulated_web
from scrapers.slots import NIGHTLY_HOUR, slot_of
from warehouse.ledger import ScrapeRecord
from warehouse.schema import FACT_TABLES

# What a person looks at first; --json has every column.
_SHOWN: Final = {
    "offers": (
        "offer_key",
        "pricing_model",
        "usd_per_gpu_hour",
        "price_as_shown",
        "gpu_model",
        "gpu_form_factor",
        "gpu_count",
        "region",
    ),
    "plans": ("plan", "usd_per_month", "usd_once", "included_units", "unit", "price_as_shown"),
    "utilisation": ("gpu_model", "machines_total", "machines_rented", "machines_available", "share_rented"),
    "terms": ("tier", "term", "state", "value_number", "value_text", "unit", "quote"),
}
_ROWS_SHOWN: Final = 12
_WIDTH: Final = 40


@dataclass(frozen=True)
class DryRun:
    """How a source is to be tried: as a FetchPlan without home, run and jobs, at a moment.

    `keys` are redacted in its log.
    """

    at: datetime
    plan: FetchPlan
    keys: frozenset[str] = field(default=frozenset(), repr=False)
    nightly_hour: int = NIGHTLY_HOUR

    def record(self, source: Source) -> ScrapeRecord:
        """Fetch, read and judge one source; nothing is kept. Raises FetchRefused."""
        with TemporaryDirectory(prefix="gpuledger-check-") as folder:
            home = Path(folder)
            job = Job(source.id, slot_of(source.declared.cadence, self.at, self.nightly_hour))
            plan = replace(self.plan, home=home, run_id=new_run_id(self.at), jobs=(job,))
            sealed = asyncio.run(fetch(plan, lambda job, path: None, self.keys))
            reading = None
            if job in sealed:
                with Parser() as parser:
                    reading = parser.reading(source, sealed[job], home, slot=job.slot, run_id=plan.run_id)
            simulated = plan.recorded is not None and is_simulated_web(plan.recorded)
            (record,) = judged(
                source,
                {job.slot: reading},
                {},
                run_id=plan.run_id,
                partial=plan.partial,
                simulated=simulated,
            )
        return record


def as_json(record: ScrapeRecord) -> dict[str, Any]:
    """The scrape and all its rows by table, for a script."""
    rows = {table: frame.to_dicts() for table, frame in record.frames.items()}
    return {"scrape": dict(record.scrape), **rows}


def print_record(record: ScrapeRecord, console: Console) -> None:
    """The verdict, a sample of the rows by table, and all that was refused or not known."""
    scrape = record.scrape
    counts = f"{scrape['rows_accepted']:,} rows, {scrape['rows_quarantined']:,} quarantined"
    console.print(Text(f"{scrape['source']}: {scrape['status']}, {counts}", style="bold"))
    if scrape["error"]:
        console.print(Text(f"  {scrape['error']}"))
    if scrape["robots"]:
        console.print(Text(f"  robots.txt: {scrape['robots']}"))
    for table in FACT_TABLES:
        frame = record.frames.get(table)
        if frame is not None and frame.height:
            console.print(_sample(table, frame))
    for line in _remarks(record):
        console.print(Text(f"  {line}"))


def _remarks(record: ScrapeRecord) -> Iterator[str]:
    for row in record.frames["quarantine"].to_dicts():
        yield f"quarantined ({row['table_name']}): {row['reason']}"
    for row in record.frames["findings"].to_dicts():
        where = f" ({row['detail']})" if row["detail"] else ""
        yield f"finding: {row['kind']} {row['subject']}{where}, {row['times']} times"


def _sample(table: str, frame: pl.DataFrame) -> Table:
    title = f"{table}: {min(_ROWS_SHOWN, frame.height)} of {frame.height:,} rows"
    shown = Table(title=title, title_justify="left", box=None, pad_edge=False)
    names = _SHOWN.get(table, tuple(frame.columns))
    for name in names:
        shown.add_column(name, no_wrap=True, overflow="ellipsis", max_width=_WIDTH)
    for row in frame.select(names).head(_ROWS_SHOWN).iter_rows():
        shown.add_row(*(Text("–" if value is None else str(value)) for value in row))
    return shown
