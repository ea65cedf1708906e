"""A ledger of five years: its build, one more night on it, and the memory of both."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb

from benchmarks.measuring import Line
from flows.pipeline import demo
from reports import build
from reports.downloads import downloadable
from scrapers.simulation import record_web
from warehouse.data_folder import LEDGER_FILE
from warehouse.materialized import cache_folder
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage, Storage

YEARS: Final = 5 * 365
MONTH: Final = 30
ROWS: Final = 10_000_000
# What a night of the demo writes is written again for every night before it, a month at a time, oldest first.
_GROW: Final = """
INSERT INTO {table}
SELECT once.* REPLACE ({replaced})
FROM once, range({since}, {until}) AS night(before), range({copies}) AS copy(copy)
WHERE before > 0 OR copy > 0
ORDER BY before DESC
"""
_BEFORE: Final = "to_days(before::INTEGER)"
_COMMAND: Final = (sys.executable, "-c", "from flows.cli.app import app; app()")
_HERE: Final = (sys.executable, "-m", "benchmarks.scale")


def lines() -> Iterator[Line]:
    """The site against its own questions, and a night on five years against one on a month, with memory."""
    with TemporaryDirectory() as folder:
        # A process begins with the memory of the one that starts it, so this one stays small.
        _measured(*_HERE, "ledgers", folder)
        years, month, web = (Path(folder) / name for name in ("years", "month", "web"))
        rows = _rows(years)
        first, again, asked = (_measured(*_HERE, what, str(years)) for what in ("site", "site", "questions"))
        what = f"the site of {rows / 1e6:.1f} million offers"
        for which, site in (("for the first time", first), ("on the next night", again)):
            yield Line(f"{what}, {which}", "its questions, asked once each", site[0], asked[0], "s", goal=5)
            yield Line(f"{what}, {which}: memory", "its questions: memory", site[1], asked[1], "MB")
        long, short = (_night(home, web, -1) for home in (years, month))
        what, against = f"a nightly run on {YEARS:,} nights", f"on {MONTH} nights"
        yield Line(what, against, long[0], short[0], "s", goal=1.2)
        yield Line(f"{what}: memory", f"{against}: memory", long[1], short[1], "MB")


def _night(home: Path, web: Path, night: int) -> tuple[float, float]:
    at = f"{demo.nights()[night].at:%Y-%m-%dT%H:%MZ}"
    return _measured(*_COMMAND, "nightly", "--recorded", str(web), "--at", at, "--home", str(home))


def _measured(*command: str) -> tuple[float, float]:
    """Seconds of a command, and the most memory in MB that it or a process of its own has held."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    _, status, usage = os.wait4(process.pid, 0)
    taken = time.perf_counter() - began
    # A night in which the demo breaks a source on purpose ends with 1.
    if os.waitstatus_to_exitcode(status) not in {0, 1}:
        raise RuntimeError(f"{' '.join(command)} ended with {status}")
    return taken, usage.ru_maxrss / 1024


def _ledgers(folder: Path) -> None:
    """Make the data folders of five years and of a month, and the recorded web of one more night."""
    web, first = folder / "web", folder / "first"
    web.mkdir()
    record_web(web, demo.nights()[-2:], lambda _: None)
    _night(first, web, -2)
    copies = -(-ROWS // (YEARS * _rows(first)))
    for name, nights in (("years", YEARS), ("month", MONTH)):
        home = folder / name
        shutil.copytree(first, home)
        with duckdb.connect(str(home / LEDGER_FILE)) as connection:
            _grow(connection, nights, copies)
        FileStorage(home).publish()


def _grow(connection: duckdb.DuckDBPyConnection, nights: int, copies: int) -> None:
    """Put the nights before the one that is there, each source's offers several times over."""
    slots = f"slot - {_BEFORE} AS slot, run_id || '-' || before AS run_id"
    key = "offer_key || '/' || copy AS offer_key, machine_id || '/' || copy AS machine_id"
    # A price moves by some per cent once a week: in public histories, one in 140 (list prices) to one in 4
    # (the lowest over a provider's machines) is another one on the next day.
    price = "exp(0.05 * sin((before + hash(offer_key) % 7) // 7 + hash(offer_key) % 11)) AS DOUBLE)"
    offers = (
        f"{slots}, {key}, observed_at - {_BEFORE} AS observed_at, "
        f"CAST(usd_per_hour * {price} AS usd_per_hour, CAST(usd_per_gpu_hour * {price} AS usd_per_gpu_hour"
    )
    ended = f"started_at - {_BEFORE} AS started_at, finished_at - {_BEFORE} AS finished_at"
    times = f"if(source IN (SELECT source FROM offers), {copies}, 1)"  # noqa: S608 - no text of anybody's
    accepted = f"{times} * rows_accepted AS rows_accepted"
    observed = f"{slots}, observed_at - {_BEFORE} AS observed_at"
    for table, replaced, times in (
        ("offers", offers, copies),
        ("scrapes", f"{slots}, {ended}, {accepted}", 1),
        ("captures", slots, 1),
        ("terms", observed, 1),
        ("plans", observed, 1),
        ("expectation_results", slots, 1),
        ("runs", f"run_id || '-' || before AS run_id, {ended}", 1),
    ):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE once AS FROM {table}")
        for since in reversed(range(0, nights, MONTH)):
            until = min(since + MONTH, nights)
            connection.execute(
                _GROW.format(table=table, replaced=replaced, since=since, until=until, copies=times)
            )


def _rows(home: Path) -> int:
    with duckdb.connect(str(home / LEDGER_FILE), read_only=True) as connection:
        ((rows,),) = connection.execute("SELECT count(*) FROM offers").fetchall()
    return int(rows)


def _site(home: Path) -> None:
    build.build(FileStorage(home), home / "site", as_of=demo.nights()[-1].at, cache=cache_folder(home))


def ask(storage: Storage) -> None:
    """Every question that the pages and downloads of the site ask, once each."""
    folder = resources.files("reports.queries")
    with read_warehouse(storage) as connection:
        for file in folder.iterdir():
            if file.name.endswith(".sql"):
                connection.execute(file.read_text(encoding="utf-8")).pl()
        for view in downloadable():
            connection.execute(f"FROM {view.name}").pl()


if __name__ == "__main__":
    works = {"ledgers": _ledgers, "site": _site, "questions": lambda home: ask(FileStorage(home))}
    works[sys.argv[1]](Path(sys.argv[2]))
