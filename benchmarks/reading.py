"""From the market's raw bytes to committed rows, against DuckDB's own reader and against gpuhunt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from unittest import mock

import duckdb

from benchmarks import book
from benchmarks.measuring import Line, seconds
from scrapers.parse import parse
from scrapers.registry import source
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.storage import FileStorage

SIZE = 25_000
_FIELDS = """
    SELECT o.id, o.machine_id, o.host_id, o.gpu_name, o.num_gpus, o.gpu_ram, o.cpu_cores_effective, o.cpu_ram,
        o.disk_space, o.dph_base, o.min_bid, o.storage_cost, o.reliability2, o.verification, o.dlperf,
        o.geolocation
    FROM (SELECT unnest(offers) AS o FROM read_json($files, maximum_object_size = 100000000))
"""


def lines() -> Iterator[Line]:
    """One line against each, on the same bytes."""
    bodies = list(book.pages(SIZE))
    megabytes = sum(map(len, bodies)) / 1e6
    what = f"{SIZE:,} offers of the market ({megabytes:.0f} MB of JSON) to committed rows"
    with TemporaryDirectory() as folder:
        home = Path(folder)
        for page, body in enumerate(bodies):
            (home / f"{page}.json").write_bytes(body)
        ours, duckdb_alone = seconds(lambda: _ours(home, bodies), lambda: _duckdb(home))
        yield Line(what, "DuckDB: read_json and INSERT of 16 fields", ours, duckdb_alone, "s", goal=2)
    merged = json.dumps({"offers": book.offers(SIZE)}).encode()
    if peer := _gpuhunt(merged):
        parsed, theirs = seconds(lambda: _parsed(bodies), peer)
        yield Line(
            "the same to typed rows, not stored", "gpuhunt's vast.ai provider", parsed, theirs, "s", goal=0.1
        )


def _parsed(bodies: list[bytes]) -> Any:
    return parse(source(book.SOURCE), book.captures(bodies), slot=book.SLOT, run_id="bench")


def _ours(home: Path, bodies: list[bytes]) -> None:
    parsed = _parsed(bodies)
    (home / "ledger.duckdb").unlink(missing_ok=True)
    with Ledger(FileStorage(home)) as ledger:
        ledger.append(ScrapeRecord(scrape(parsed.rows), parsed.frames))


def scrape(rows: int) -> dict[str, Any]:
    times = dict.fromkeys(("slot", "started_at", "finished_at"), book.SLOT)
    names = {"run_id": "bench", "provider": "vast_ai", "source": book.SOURCE, "parser_version": "bench"}
    counts = {"rows_parsed": rows, "rows_accepted": rows, "rows_quarantined": 0}
    return {**names, **times, **counts, "status": "ok", "capture_ids": []}


def _duckdb(home: Path) -> None:
    target = home / "plain.duckdb"
    target.unlink(missing_ok=True)
    with duckdb.connect(str(target)) as connection:
        connection.execute(f"CREATE TABLE offers AS {_FIELDS}", {"files": str(home / "*.json")})
        connection.execute("CHECKPOINT")


def _gpuhunt(body: bytes) -> Any:
    """gpuhunt's provider over these bytes in place of the network; None where it is not installed."""
    try:
        from gpuhunt.providers import vastai  # noqa: PLC0415 - a peer that need not be there
    except ImportError:
        return None
    answer = SimpleNamespace(raise_for_status=lambda: None, json=lambda: json.loads(body))

    def work() -> None:
        with mock.patch.object(vastai.requests, "post", lambda *_, **__: answer):
            vastai.VastAIProvider().get()

    return work
