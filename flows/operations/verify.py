"""Verification: derive published rows and figures again from the archive and compare them.

For every standing scrape of the chosen slots the archive is read, its digests checked, its bytes parsed and
judged by today's code into a ledger of its own, whose rows and price figures are then held against the
published ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb
import polars as pl

from flows.history.facts import FACTS
from flows.operations.derivation import judged
from flows.queries import load_query
from flows.runtime.comparison import AddedColumns, Verification, comparable
from flows.runtime.installation import Installation
from scrapers.archive.exchange import ArchiveDamaged
from scrapers.archive.writer import read_archive
from scrapers.declaration import DeclarationError
from scrapers.history.facts import observations
from scrapers.parser_process import Parser, ParsingStopped
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.schema import FACT_TABLES
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage
from warehouse.void_runs import void_runs

TABLES: Final = (*FACT_TABLES, "observations")


def published_slots(installation: Installation) -> list[datetime]:
    """The slots that have standing scrapes, oldest first."""
    with read_warehouse(installation.published()) as connection:
        scrapes = connection.execute(load_query("current_scrapes")).pl()
    return sorted(set(scrapes["slot"].dt.convert_time_zone("UTC").to_list()))


def void_runs_of(installation: Installation) -> Sequence[Mapping[str, Any]]:
    """The void runs of a data folder's warehouse, as `warehouse.void_runs.void_runs` gives them."""
    with read_warehouse(installation.published()) as connection:
        return void_runs(connection)


def verify(
    installation: Installation, slots: Sequence[datetime], only: Collection[str] = ()
) -> Iterator[Verification]:
    """Verify every source of these slots, or those named, and every price figure of theirs."""
    with read_warehouse(installation.published()) as connection, Parser() as parser:
        scrapes = connection.execute(load_query("current_scrapes")).pl()
        added = AddedColumns(connection)
        (simulated,) = connection.execute(load_query("is_simulated")).fetchall()[0]
        for slot in slots:
            with (
                TemporaryDirectory(prefix="gpuledger-verify-") as folder,
                Ledger(FileStorage(Path(folder))) as derived,
            ):
                names = []
                for scrape in scrapes.filter(pl.col("slot") == slot).to_dicts():
                    if only and scrape["source"] not in only:
                        continue
                    again = _again(installation, scrape, parser, simulated)
                    if isinstance(again, Verification):
                        yield again
                        continue
                    names.append(scrape["source"])
                    derived.append(again)
                    yield from _rows(scrape, connection, derived, added)
                yield from _figures(slot, names, connection, derived)


def _again(
    installation: Installation, scrape: Mapping[str, Any], parser: Parser, simulated: bool
) -> ScrapeRecord | Verification:
    """The scrape as it is read today, or why it cannot be."""
    name, slot = scrape["source"], scrape["slot"]
    try:
        record = _derived(installation, scrape, parser, simulated)
    except (OSError, ArchiveDamaged, DeclarationError, ParsingStopped) as problem:
        return Verification("UNVERIFIED", slot, name, "rows", str(problem))
    status, error = record.scrape["status"], record.scrape.get("error")
    if status not in {"ok", "partial"}:
        return Verification("MISMATCH", slot, name, "rows", f"now {status}: {error}")
    return record


def _rows(
    scrape: Mapping[str, Any],
    connection: duckdb.DuckDBPyConnection,
    derived: Ledger,
    added: AddedColumns,
) -> Iterator[Verification]:
    name, slot = scrape["source"], scrape["slot"]
    key = {"source": name, "slot": slot}
    for table in TABLES:
        stands, again = comparable(
            connection.execute(load_query(f"current_{table}"), key).pl(),
            derived.query(load_query(f"current_{table}"), key),
            added.after(table, scrape["finished_at"]),
        )
        if stands.height or again.height:
            figure = f"{table}: {stands.height:,} rows"
            detail = "" if stands.equals(again) else _difference(stands, again)
            yield Verification("MISMATCH" if detail else "MATCH", slot, name, figure, detail)


def _derived(
    installation: Installation, scrape: Mapping[str, Any], parser: Parser, simulated: bool
) -> ScrapeRecord:
    name, slot, home = scrape["source"], scrape["slot"], installation.home
    if scrape["warc_file"] is None:
        raise FileNotFoundError("no capture of it is in the ledger")
    path = home / scrape["warc_file"]
    if name != FACTS:
        source = installation.registry.source(name)
        reading = parser.reading(source, path, home, slot=slot, run_id="verify")
        (record,) = judged(source, {slot: reading}, {}, run_id="verify", simulated=simulated)
        return record
    (capture,) = read_archive(path, home).captures
    identity = {"run_id": "verify", "source": name, "slot": slot, "capture_id": capture.capture_id}
    frame = observations(capture.body, identity)
    row = {"run_id": "verify", "provider": "history", "source": name, "slot": slot, "parser_version": ""}
    times = {"started_at": slot, "finished_at": slot}
    counts = {"rows_parsed": frame.height, "rows_accepted": frame.height, "rows_quarantined": 0}
    bare = {**row, **times, **counts, "status": "ok", "capture_ids": []}
    return ScrapeRecord(bare, {"observations": frame})


def _difference(stands: pl.DataFrame, again: pl.DataFrame) -> str:
    missing = stands.join(again, on=stands.columns, how="anti", nulls_equal=True)
    added = again.join(stands, on=stands.columns, how="anti", nulls_equal=True)
    return f"{missing.height:,} rows are not derived again, {added.height:,} are derived otherwise"


def _figures(
    slot: datetime, names: Sequence[str], connection: duckdb.DuckDBPyConnection, derived: Ledger
) -> Iterator[Verification]:
    key = {"slot": slot}
    stands = _by_series(connection.execute(load_query("figures"), key).pl())
    again = _by_series(derived.query(load_query("figures"), key))
    for (name, figure), value in stands.items():
        if name in names:
            now = again.get((name, figure))
            detail = "" if now == value else f"published {value}, derived {now}"
            yield Verification("MISMATCH" if detail else "MATCH", slot, name, f"{figure} {value}", detail)


def _by_series(frame: pl.DataFrame) -> dict[tuple[str, str], float | None]:
    return {
        (row["source"], f"{row['series']} {row['figure']}"): row["usd_per_gpu_hour"]
        for row in frame.to_dicts()
    }
