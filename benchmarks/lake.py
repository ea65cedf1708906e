"""The lake beside the file: one large append, many small ones, and the questions of the site."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import asyncpg
import polars as pl

from benchmarks import book
from benchmarks.keeping import append, million
from benchmarks.measuring import Line, seconds
from benchmarks.reading import scrape
from benchmarks.scale import ask
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.storage import FileStorage, Storage
from warehouse.storage.lake import Lake

SERVER: Final = "host=127.0.0.1 port=5432 user=postgres"
COMMITS: Final = 25
A_COMMIT: Final = 5_000


def lines() -> Iterator[Line]:
    """Nothing where no PostgreSQL answers on 127.0.0.1:5432."""
    frame = million()
    with TemporaryDirectory() as folder, _lake(Path(folder) / "lake") as lake:
        if lake is None:
            return
        file = FileStorage(Path(folder) / "file")
        # Made beforehand: what is measured is writing.
        for storage in (lake, file):
            storage.make()
        against = "into a file"
        ours, others = seconds(lambda: append(lake, frame), lambda: append(file, frame), times=1)
        yield Line("appending a million offers to a lake on PostgreSQL", against, ours, others, "s")
        ours, others = seconds(lambda: _commits(lake, frame), lambda: _commits(file, frame), times=1)
        yield Line(f"{COMMITS} commits of {A_COMMIT:,} offers to a lake", against, ours, others, "s")
        file.publish()
        ours, others = seconds(lambda: ask(lake), lambda: ask(file), times=2)
        yield Line("the questions of the site on a lake", "on a file", ours, others, "s")


def _commits(storage: Storage, frame: pl.DataFrame) -> None:
    with Ledger(storage) as ledger:
        for number in range(COMMITS):
            who = {"slot": book.SLOT + timedelta(days=number + 1), "run_id": f"run-{number}"}
            part = frame.slice(number * A_COMMIT, A_COMMIT).with_columns(
                pl.lit(value).alias(name) for name, value in who.items()
            )
            ledger.append(ScrapeRecord(scrape(part.height) | who, {"offers": part}))


@contextmanager
def _lake(data: Path) -> Iterator[Lake | None]:
    name = f"gpuledger_bench_{os.getpid()}"
    try:
        asyncio.run(_execute(f"CREATE DATABASE {name}"))
    except (OSError, asyncpg.PostgresError, TimeoutError):
        yield None
        return
    try:
        yield Lake.parse(f"ducklake:postgres:{SERVER} dbname={name}", str(data))
    finally:
        asyncio.run(_execute(f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(statement: str) -> None:
    connection = await asyncpg.connect("postgresql://postgres@127.0.0.1:5432/postgres", timeout=5)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
