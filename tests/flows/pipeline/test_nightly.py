"""The nightly run as a user meets it: whole, twice, killed, watched, without a network."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.pipeline.demo import nights
from scrapers.registry import sources
from warehouse.data_folder import WAREHOUSE_FILE
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage

KILLS = 3
Gpuledger = Callable[..., subprocess.CompletedProcess[str]]
FACTS = ("offers", "plans", "terms", "quarantine", "findings", "incidents", "expectation_results")

# Runs over some of the demo's nights, each in a process of its own that begins with everything imported. A
# line of input is home, first and last night; a line of output is the process, and another its end.
RUNS = """
import asyncio, dataclasses, os, pathlib, sys
web, prefect_home = map(pathlib.Path, sys.argv[1:3])
from contextlib import ExitStack
from flows.scheduling.prefect_environment import prefect_prepared
prepared = ExitStack()
prepared.enter_context(prefect_prepared(prefect_home, dict(os.environ)))
import great_expectations
from flows.pipeline import demo
from flows.pipeline.nightly import nightly
from flows.runtime.installation import Installation
from reports import build
from scrapers.browser import find_chromium
from warehouse.storage import FileStorage
from scrapers.registry import sources
# The site is built from what is published already; what is at stake here is the ledger.
build.build = lambda *_, **__: []
few = tuple(sources(sys.argv[3:]))
for line in sys.stdin:
    home, first, last = line.split()
    child = os.fork()
    if not child:
        os.setsid()
        sys.stdout = open(os.devnull, "w")
        chromium = find_chromium(os.environ.get("GPULEDGER_CHROMIUM"))
        request = demo.request(Installation(pathlib.Path(home)), web, chromium)
        some = request.at[int(first):int(last)]
        try:
            asyncio.run(nightly(dataclasses.replace(request, at=some, sources=few)))
        except BaseException:
            os._exit(1)
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""

READ = """
import duckdb, sys, time
reads = 0
while True:
    with duckdb.connect(sys.argv[1], read_only=True) as connection:
        connection.sql("SELECT count(*) FROM offers").fetchone()
    reads += 1
    print(reads, flush=True)
    # As often as any reader asks; without a rest it would take a core from the runs that it watches.
    time.sleep(0.05)
"""


class Runs:
    """Starts runs one after the other, and kills them."""

    def __init__(
        self, web: Path, prefect_home: Path, server: str, providers: Sequence[str] = ("paperspace",)
    ) -> None:
        environment = {**os.environ, "PREFECT_HOME": str(prefect_home), "PREFECT_API_URL": server}
        self._process = subprocess.Popen(
            [sys.executable, "-c", RUNS, str(web), str(prefect_home), *providers],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, home: Path, first: int, last: int, *, kill_after: float | None = None) -> int:
        """Run, killed after so many seconds unless it has ended by then; returns how it ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{home} {first} {last}\n")
        self._process.stdin.flush()
        child = int(self._process.stdout.readline())
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


def contents(home: Path) -> dict[str, list[str]]:
    """Every fact of a warehouse, without what names the run and without what was measured against history.

    A night that is stored after its successor, because its own run was killed, leaves that successor to be
    measured against an older night: the verdict stands, the figure beside it is another.
    """
    left_out = dict.fromkeys(FACTS, "run_id") | {"expectation_results": "run_id, observed"}
    with read_warehouse(FileStorage(home)) as connection:
        return {
            table: sorted(map(repr, connection.table(table).select(f"* EXCLUDE ({names})").fetchall()))
            for table, names in left_out.items()
        }


def counts(home: Path) -> dict[str, int]:
    with read_warehouse(FileStorage(home)) as connection:
        tables = [name for (name,) in connection.sql("SELECT table_name FROM duckdb_tables()").fetchall()]
        return {table: connection.table(table).count("*").fetchall()[0][0] for table in tables}


def ask(home: Path, query: str) -> list[tuple[Any, ...]]:
    with read_warehouse(FileStorage(home)) as connection:
        return connection.sql(query).fetchall()


@pytest.fixture(scope="module")
def web(demo_home: Path) -> Path:
    return demo_home / "recorded-web"


def test_the_demo_stores_sixty_nights_and_shows_what_was_planted(demo_home: Path) -> None:
    assert ask(demo_home, "SELECT count(DISTINCT slot) FROM offers") == [(60,)]
    broken = ask(demo_home, "SELECT source, slot::DATE::VARCHAR FROM scrapes WHERE status <> 'ok' ORDER BY 1")
    assert broken == [("aws.spot", "2026-10-28"), ("paperspace.machines", "2026-11-04")]
    incidents = ask(demo_home, "SELECT source, kind FROM incidents ORDER BY 1")
    assert incidents == [("aws.spot", "page_changed"), ("paperspace.machines", "page_changed")]
    found = ask(demo_home, "SELECT DISTINCT kind, subject FROM findings ORDER BY 1, 2")
    assert found == [
        ("disagreement", "H100 x8"),
        ("new_field", "power_cap_watts"),
        ("unknown_gpu", "Imaginary RTX 9999"),
    ]
    refused = ask(
        demo_home, "SELECT slot::DATE::VARCHAR, record->>'machine', reason FROM quarantine ORDER BY 1"
    )
    assert [(day, name) for day, name, _ in refused] == [
        ("2026-11-10", "H100 ×8"),
        ("2026-11-11", "H100 ×8"),
        ("2026-11-12", "H100 ×8"),
    ]
    assert all("is not 8 times $5.95" in reason for _, _, reason in refused)


def test_every_offer_is_traced_to_bytes_in_the_archive(demo_home: Path) -> None:
    untraced = "SELECT count(*) FROM offers ANTI JOIN captures USING (capture_id, run_id, source, slot)"
    assert ask(demo_home, untraced) == [(0,)]
    files = ask(demo_home, "SELECT DISTINCT warc_file FROM captures")
    assert all((demo_home / file).is_file() for (file,) in files)


def test_no_address_of_a_host_is_stored(demo_home: Path) -> None:
    with read_warehouse(FileStorage(demo_home)) as connection:
        columns = connection.sql("SELECT lower(column_name) FROM duckdb_columns()").fetchall()
        records = connection.sql(
            "SELECT count(*) FROM quarantine WHERE record LIKE '%public_ipaddr%'"
        ).fetchall()
    assert not [name for (name,) in columns if "ipaddr" in name or name == "ip"]
    assert records == [(0,)]


@pytest.mark.soak
def test_a_second_demo_changes_no_row_count(demo_home: Path, gpuledger: Gpuledger) -> None:
    before = counts(demo_home)
    (scrapes,) = ask(demo_home, "SELECT count(*) FROM valid_scrapes WHERE origin = 'snapshot'")
    again = gpuledger("demo", "--home", demo_home)
    assert again.returncode == 0, again.stderr
    assert f"{scrapes[0]} already stored" in again.stdout
    assert counts(demo_home) == before


@pytest.mark.slow
def test_runs_killed_at_any_moment_lose_and_double_nothing_and_readers_never_fail(
    tmp_path: Path, web: Path, prefect_server: str
) -> None:
    runs = Runs(web, tmp_path / "prefect", prefect_server)
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    assert runs.run(undisturbed, 0, 1) == 0
    reader = subprocess.Popen(
        [sys.executable, "-c", READ, str(undisturbed / WAREHOUSE_FILE)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lasted = []
    for night in (1, 2):
        began = time.monotonic()
        assert runs.run(undisturbed, night, night + 1) == 0
        lasted.append(time.monotonic() - began)
    whole_run = min(lasted)
    assert runs.run(undisturbed, 0, KILLS) == 0
    assert reader.poll() is None, reader.communicate()[1]
    reader.terminate()
    reads = reader.communicate()[0].split()
    assert len(reads) > KILLS

    moments = random.Random(KILLS)
    killed = 0
    for night in range(KILLS):
        ended = runs.run(disturbed, night, night + 1, kill_after=moments.uniform(0.02, 1.0) * whole_run)
        killed += ended == signal.SIGKILL
        # A run that outpaced its killer tells that the runs are faster now than those that were measured.
        whole_run *= 1 if ended else 0.8
    assert killed > KILLS / 2
    assert runs.run(disturbed, 0, KILLS) == 0
    runs.close()
    assert len(ask(disturbed, "SELECT DISTINCT slot FROM offers")) == KILLS
    assert contents(disturbed) == contents(undisturbed)


def test_without_a_network_every_source_says_so_and_nothing_is_lost(
    tmp_path: Path, gpuledger: Gpuledger
) -> None:
    home = tmp_path / "home"
    # A proxy-less, name-less world: an empty archive answers no request, as a dead network does.
    empty = tmp_path / "empty"
    empty.mkdir()
    ran = gpuledger("nightly", "--home", home, "--recorded", empty, "--at", "2026-11-20T03:17", "--json")
    assert ran.returncode == 1, ran.stderr
    scrapes = {scrape["source"]: scrape for scrape in json.loads(ran.stdout)["scrapes"]}
    assert scrapes.keys() == {source.id for source in sources()}
    living = [source.id for source in sources() if source.declared.format != "liveness"]
    assert all(scrapes[name]["status"] == "failed" and scrapes[name]["error"] for name in living)
    incidents = ask(home, "SELECT source FROM incidents WHERE kind = 'fetch_failed' ORDER BY 1")
    assert incidents == [(name,) for name in sorted(living)]
    assert (home / "site" / "index.html").is_file()


def test_a_night_of_the_demo_is_the_moment_it_is_scheduled() -> None:
    assert [night.at.strftime("%H:%M") for night in nights()[:2]] == ["03:17", "03:17"]
    assert duckdb.__version__ == "1.5.5"
