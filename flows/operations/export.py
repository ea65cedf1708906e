"""Export: every table as Parquet files by month."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flows.runtime.installation import Installation
from flows.runtime.interruption import Work
from warehouse.atomic import put_folder, scratch
from warehouse.errors import GpuledgerError
from warehouse.schema import TABLES, Table
from warehouse.session import open_warehouse
from warehouse.storage import Storage
from warehouse.text_safety import quoted


class ExportRefused(GpuledgerError):
    """The folder is not a place for an export; the message says why."""


@dataclass(frozen=True)
class Exported:
    """One table: its name, its rows, and its files."""

    table: str
    rows: int
    files: int


def export(
    installation: Installation, folder: Path, work: Work[list[Exported]] | None = None
) -> list[Exported]:
    """Write every table of the published warehouse below a folder, in place of an earlier export.

    A table with slots is partitioned as <table>/month=2026-11/*.parquet, another one is one file; so is an
    empty one, so that every table has a file with its columns. Readers see the earlier export or this one.
    Raises ExportRefused for a folder that holds something else, NothingPublished where nothing is published.
    """
    storage = installation.published()
    names = {table.name for table in TABLES}
    if folder.exists() and (strangers := sorted({path.name for path in folder.iterdir()} - names)):
        raise ExportRefused(f"{folder} holds {strangers[0]}, which is not a table: name another folder")
    with scratch(folder.parent, "export") as aside:
        if work:
            # A process that is ended at once runs no cleanup of its own.
            work.leaves(partial(shutil.rmtree, aside, ignore_errors=True))
        fresh = aside / folder.name
        fresh.mkdir()
        exported = list(_tables(storage, fresh, work))
        put_folder(fresh, folder)
    return exported


def _tables(storage: Storage, folder: Path, work: Work[list[Exported]] | None) -> Iterator[Exported]:
    with open_warehouse(storage) as connection:
        if work:
            work.stops(connection)
        for table in TABLES:
            if work:
                work.check()
            target = folder / table.name
            target.mkdir(parents=True)
            rows = connection.execute(_copy(table, target)).fetchall()[0][0]
            if not rows and not any(target.rglob("*.parquet")):
                # Partitions come from rows: without one DuckDB writes no file.
                connection.execute(_empty(table, target))
            yield Exported(table.name, int(rows), len(list(target.rglob("*.parquet"))))


def _copy(table: Table, target: Path) -> str:
    # Names come from the schema; the path is the user's own, quoted.
    if "slot" not in table.by_name:
        return (
            f"COPY {table.name} TO {quoted(str(target / f'{table.name}.parquet'))} "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
    by_month = f"SELECT *, strftime(slot, '%Y-%m') AS month FROM {table.name} ORDER BY month, source, slot"  # noqa: S608
    return (
        f"COPY ({by_month}) TO {quoted(str(target))} (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (month))"
    )


def _empty(table: Table, target: Path) -> str:
    """The statement that writes one file without rows, with the columns of the others, below no month."""
    columns = f"SELECT *, strftime(slot, '%Y-%m') AS month FROM {table.name} LIMIT 0"  # noqa: S608
    return f"COPY ({columns}) TO {quoted(str(target / f'{table.name}.parquet'))} (FORMAT parquet)"
