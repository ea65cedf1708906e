"""Validation and appending by the million rows, and bytes at rest."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import polars as pl

from benchmarks import book
from benchmarks.measuring import Line, seconds
from benchmarks.reading import scrape
from expectations.gate import Snapshot, judge
from scrapers.parse import parse
from scrapers.registry import source
from warehouse import maintenance
from warehouse.data_folder import LEDGER_FILE
from warehouse.ddl import ddl
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.schema import BY_NAME
from warehouse.storage import FileStorage, Storage

ROWS = 1_000_000
NIGHTS = 30
A_NIGHT = 15_000


def lines() -> Iterator[Line]:
    """Validation and appending of a million rows, and the size of thirty nights."""
    frame = million()
    with TemporaryDirectory() as folder:
        home = Path(folder)
        ours, raw = seconds(lambda: _append_to_new(home, frame), lambda: _insert(home, frame), times=2)
        yield Line(
            "appending a million offers to the ledger",
            "a raw INSERT of the same frame",
            ours,
            raw,
            "s",
            goal=1.5,
        )
        (judged,) = seconds(lambda: _judge(frame), times=1)
        yield Line("validating a million offers", "appending them", judged, ours, "s")
    yield from _sizes()


def _offers(index: int, size: int) -> pl.DataFrame:
    captures = book.captures(list(book.pages(size, index)))
    return parse(source(book.SOURCE), captures, slot=book.SLOT, run_id="bench").frames["offers"]


def million() -> pl.DataFrame:
    """A million rows: the market of one moment again and again, each with keys of its own."""
    once = _offers(10, 25_000)
    copies = -(-ROWS // once.height)
    apart = [
        once.with_columns(pl.format("{}/{}", "offer_key", pl.lit(copy)).alias("offer_key"))
        for copy in range(copies)
    ]
    return pl.concat(apart).head(ROWS)


def _append_to_new(home: Path, frame: pl.DataFrame) -> None:
    (home / LEDGER_FILE).unlink(missing_ok=True)
    append(FileStorage(home), frame)


def append(storage: Storage, frame: pl.DataFrame) -> None:
    """Store a frame of offers as one scrape."""
    with Ledger(storage) as ledger:
        ledger.append(ScrapeRecord(scrape(frame.height), {"offers": frame}))


def _insert(home: Path, frame: pl.DataFrame) -> None:
    target = home / "raw.duckdb"
    target.unlink(missing_ok=True)
    with duckdb.connect(str(target)) as connection:
        connection.execute(next(iter(ddl(BY_NAME["offers"]))))
        connection.register("incoming", frame.to_arrow())
        connection.execute("INSERT INTO offers BY NAME SELECT * FROM incoming")
        connection.execute("CHECKPOINT")


def _judge(frame: pl.DataFrame) -> None:
    market = source(book.SOURCE)
    snapshot = Snapshot(
        slot=book.SLOT,
        frames={"offers": frame},
        run_id="bench",
        provider="vast_ai",
        source=book.SOURCE,
        parser_version="bench",
    )
    from flows.operations.derivation import _good  # noqa: PLC0415 - what the flow asks of the gate

    judge([snapshot], _good(market), last_good={})


def _sizes() -> Iterator[Line]:
    """Bytes a row of thirty nights: as they are appended, sorted, and as two ways of keeping raw files."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        raw = home / "nights"
        raw.mkdir()
        rows, zipped = 0, 0
        with Ledger(FileStorage(home)) as ledger:
            for night in range(NIGHTS):
                frame = _offers(night, A_NIGHT).with_columns(
                    pl.lit(book.SLOT).dt.offset_by(f"{night}d").alias("slot"),
                    pl.lit(f"run-{night}").alias("run_id"),
                )
                whose: dict[str, Any] = scrape(frame.height) | {
                    "slot": frame["slot"][0],
                    "run_id": f"run-{night}",
                }
                ledger.append(ScrapeRecord(whose, {"offers": frame}))
                rows += frame.height
                text = "".join(json.dumps(offer) + "\n" for offer in book.offers(A_NIGHT, night))
                zipped += len(gzip.compress(text.encode(), 6))
                _commit(raw, text, night)
        appended = (home / LEDGER_FILE).stat().st_size / rows
        maintenance.compact(home)
        packed = (home / LEDGER_FILE).stat().st_size / rows
        what = f"{NIGHTS} nights of {A_NIGHT:,} offers at rest"
        yield Line(f"{what}, compacted", "as appended", packed, appended, "bytes a row")
        yield Line(
            f"{what}, compacted",
            "the same nights as gzip JSON lines",
            packed,
            zipped / rows,
            "bytes a row",
            goal=0.1,
        )
        yield Line(
            f"{what}, compacted",
            "the same nights in a git pack",
            packed,
            _packed(raw) / rows,
            "bytes a row",
            goal=0.1,
        )


def _git(folder: Path, *words: str) -> None:
    command = [
        "git",
        "-C",
        str(folder),
        "-c",
        "user.name=bench",
        "-c",
        "user.email=bench@example.com",
        *words,
    ]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603


def _commit(folder: Path, text: str, night: int) -> None:
    if not night:
        _git(folder, "init", "--quiet")
    (folder / "offers.jsonl").write_text(text, encoding="utf-8")
    _git(folder, "add", "offers.jsonl")
    _git(folder, "commit", "--quiet", "--message", f"night {night}")


def _packed(folder: Path) -> int:
    _git(folder, "gc", "--quiet", "--aggressive")
    return sum(path.stat().st_size for path in (folder / ".git" / "objects" / "pack").iterdir())
