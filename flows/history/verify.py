"""Verification of imported histories: parse the archived file again and compare row by row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb
import polars as pl
from pydantic import ValidationError

from flows.history.importer import ImportRequest, import_history
from flows.queries import load_query
from flows.runtime.comparison import BOOKKEEPING, AddedColumns, Verification
from flows.runtime.installation import Installation
from scrapers.archive.exchange import ArchiveDamaged
from scrapers.archive.writer import read_archive
from scrapers.history.mapping import Mapping as HistoryMapping
from scrapers.history.mapping import MappingError
from warehouse.ledger import Ledger
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage

_STORED_IN: Final = {"offers": "offers", "statistics": "price_statistics", "observations": "observations"}


def verify_histories(installation: Installation, only: Collection[str] = ()) -> Iterator[Verification]:
    """Verify every imported file, or those of the sources named: a verdict a table that has rows of it.

    Snapshots that stand from another file are that file's to answer for.
    """
    with read_warehouse(installation.published()) as connection:
        for file in connection.execute(load_query("history_files")).pl().to_dicts():
            if not only or file["source"] in only:
                yield from _file(installation.home, file, connection)


def _file(
    home: Path, file: Mapping[str, Any], connection: duckdb.DuckDBPyConnection
) -> Iterator[Verification]:
    source, slot = file["source"], file["slot"]
    with TemporaryDirectory(prefix="gpuledger-verify-") as folder:
        try:
            found = list(_again(home, file, Path(folder), connection))
        except (OSError, ArchiveDamaged, MappingError, ValidationError) as problem:
            yield Verification("UNVERIFIED", slot, source, file["file"], str(problem))
            return
    for table, stands, again in found:
        rows = int(stands["row_count"].sum())
        wrong = stands.join(again, on=stands.columns, how="anti")
        detail = (
            f"{wrong.height:,} of {stands.height:,} snapshots are derived otherwise" if wrong.height else ""
        )
        state: Any = "MISMATCH" if wrong.height else "MATCH"
        yield Verification(state, slot, source, f"{table} of {file['file']}: {rows:,} rows", detail)


def _again(
    home: Path, file: Mapping[str, Any], folder: Path, connection: duckdb.DuckDBPyConnection
) -> Iterator[tuple[str, pl.DataFrame, pl.DataFrame]]:
    """For each table the snapshots as they are published and as they are read now."""
    captures = read_archive(home / file["warc_file"], home).captures
    (body,) = (capture.body for capture in captures if capture.capture_id == file["capture_id"])
    (mapping,) = (capture.body for capture in captures if capture.role == "resource")
    path = folder / file["file"]
    path.write_bytes(body)
    by = HistoryMapping.model_validate_json(mapping)
    with Ledger(FileStorage(folder / "ledger")) as derived:
        request = ImportRequest(folder / "ledger", path, by, file["part"] or "", file["true_at"] or "")
        import_history(request, derived)
        key = {"source": file["source"], "capture_id": file["capture_id"]}
        added = AddedColumns(connection)
        for table in _STORED_IN:
            columns = _compared(connection, table, added.after(_STORED_IN[table], file["finished_at"]))
            text = load_query(f"history_{table}_of_file").replace("$columns", columns)
            stands = connection.execute(text, key).pl()
            if stands.height:
                # The ledger and its copy name the same zone in two ways.
                utc = pl.col("slot").dt.convert_time_zone("UTC")
                yield table, stands.with_columns(utc), derived.query(text, key).with_columns(utc)


def _compared(connection: duckdb.DuckDBPyConnection, table: str, lacking: Collection[str]) -> str:
    """The names of the columns to compare, in the same order for every ledger."""
    published_columns = connection.table(f"history_{table}").columns
    return ", ".join(sorted(set(published_columns) - BOOKKEEPING - set(lacking)))
