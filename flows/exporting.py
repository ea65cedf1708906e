"""The ledger as Parquet files by month, for Spark, Trino, Athena and whatever else reads folders of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flows.places import published
from warehouse.lake import Lake
from warehouse.ledger import open_warehouse
from warehouse.schema import TABLES, Table


class ExportRefused(ValueError):
    """The folder is no place for an export; the message says why."""


@dataclass(frozen=True)
class Exported:
    """One table: its name, its rows, and its files."""

    table: str
    rows: int
    files: int


def export(home: Path, folder: Path) -> list[Exported]:
    """Write every table of the published warehouse below a folder, in place of an earlier export.

    A table with slots is partitioned as <table>/month=2026-11/*.parquet, another one is one file. Readers see
    the earlier export or this one, but for the moment between two renames. Raises ExportRefused for a folder
    that holds something else, NothingPublished where nothing is published yet.
    """
    warehouse = published(home)
    names = {table.name for table in TABLES}
    if folder.exists() and (strangers := sorted({path.name for path in folder.iterdir()} - names)):
        raise ExportRefused(f"{folder} holds {strangers[0]}, which is no table: name another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh, former = (folder.with_name(f".{folder.name}.{what}.{os.getpid()}") for what in ("new", "old"))
    try:
        exported = list(_tables(warehouse, fresh))
        if folder.exists():
            folder.rename(former)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)
    return exported


def _tables(warehouse: Path | Lake, folder: Path) -> Iterator[Exported]:
    with open_warehouse(warehouse) as connection:
        for table in TABLES:
            target = folder / table.name
            target.mkdir(parents=True)
            rows = connection.execute(_copy(table, target)).fetchall()[0][0]
            yield Exported(table.name, int(rows), len(list(target.rglob("*.parquet"))))


def _copy(table: Table, target: Path) -> str:
    # Names come from the schema; the path is the user's own, quoted.
    quoted = str(target).replace("'", "''")
    if "slot" not in table.by_name:
        return f"COPY {table.name} TO '{quoted}/{table.name}.parquet' (FORMAT parquet, COMPRESSION zstd)"
    by_month = f"SELECT *, strftime(slot, '%Y-%m') AS month FROM {table.name} ORDER BY month, source, slot"  # noqa: S608
    return f"COPY ({by_month}) TO '{quoted}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (month))"
