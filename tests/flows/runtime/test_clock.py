"""The clock: answers that agree on another time stop a run before it stores anything, one host never does."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.runtime.clock import MIN_HOSTS, ClockEvidence, ClockWrong
from scrapers.archive.exchange import Exchange
from scrapers.archive.writer import ArchiveWriter
from tests.flows.conftest import PAGE
from tests.loopback import Declared, declare_provider, serving
from warehouse.data_folder import LEDGER_FILE, WAREHOUSE_FILE
from warehouse.ledger import Ledger
from warehouse.storage import FileStorage

NOW = datetime(2026, 11, 25, 3, 17, tzinfo=UTC)
AHEAD = timedelta(days=400)
Answer = tuple[str, timedelta, int | None]


def sealed(folder: Path, name: str, answers: Sequence[Answer]) -> Path:
    """An archive of answers, each with its host, how far its Date is from now, and its Age in seconds."""
    writer = ArchiveWriter(folder / f"{name}.warc.gz", source="p.s", slot=NOW)
    for host, offset, age in answers:
        headers = [("Date", format_datetime(NOW + offset, usegmt=True))]
        headers += [("Age", str(age))] if age is not None else []
        writer.write(Exchange(url=f"https://{host}/", at=NOW, body=b"{}", headers=headers))
    return writer.seal()


def evidence(folder: Path, *archives: Sequence[Answer]) -> ClockEvidence:
    found = ClockEvidence()
    for number, answers in enumerate(archives):
        found.add(sealed(folder, str(number), answers))
    return found


def hosts(*offsets: timedelta) -> list[list[Answer]]:
    return [[(f"h{number}", offset, None)] for number, offset in enumerate(offsets)]


@pytest.mark.parametrize("offset", [AHEAD, -AHEAD, timedelta(days=-10), timedelta(minutes=11)])
def test_hosts_that_agree_on_another_time_refuse_the_run(tmp_path: Path, offset: timedelta) -> None:
    found = evidence(tmp_path, *hosts(*[offset] * MIN_HOSTS))
    assert not found.confirms
    there = f"{NOW + offset:%Y-%m-%d %H:%MZ}"
    with pytest.raises(ClockWrong, match=f"says 2026-11-25 03:17Z, and the answers of 3 hosts say {there}"):
        found.refuse_wrong_clock()


@pytest.mark.parametrize(
    "archives",
    [
        # Hosts that are wrong themselves, and too few to prove anything.
        hosts(AHEAD),
        hosts(AHEAD, AHEAD),
        hosts(AHEAD, timedelta(0), timedelta(0)),
        hosts(timedelta(minutes=9), timedelta(minutes=-9), timedelta(0)),
        # Caches date each page when they took it: the dates agree on nothing.
        hosts(*(timedelta(hours=-age) for age in (1, 9, 30, 70))),
        [[(f"h{n}", timedelta(hours=-n), n * 3600)] for n in range(1, 5)],
        # One source that names many hosts, and one host that many sources ask, count once.
        [[(f"h{number}", AHEAD, None) for number in range(9)]],
        [[("h", AHEAD, None)] for _ in range(9)],
        # A host is taken at its newest date.
        [[(f"h{n}", -AHEAD, None), (f"h{n}", timedelta(0), None)] for n in range(4)],
        [],
    ],
)
def test_what_proves_nothing_lets_the_night_go_on(
    tmp_path: Path, archives: Sequence[Sequence[Answer]]
) -> None:
    evidence(tmp_path, *archives).refuse_wrong_clock()


def test_headers_that_are_no_dates_and_archives_that_are_damaged_say_nothing(tmp_path: Path) -> None:
    found = ClockEvidence()
    for number, date in enumerate(("yesterday", "", "Fri, 99 Nov 99999 03:17:00 GMT")):
        writer = ArchiveWriter(tmp_path / f"{number}.warc.gz", source="p.s", slot=NOW)
        writer.write(
            Exchange(url=f"https://h{number}/", at=NOW, body=b"", headers=[("Date", date), ("Age", "x")])
        )
        found.add(writer.seal())
    (tmp_path / "damaged.warc.gz").write_bytes(b"not gzip")
    found.add(tmp_path / "damaged.warc.gz")
    assert not found.confirms
    found.refuse_wrong_clock()


class Dated(ThreadingHTTPServer):
    """Answers with an offer, and dates its answers by a clock of its own."""

    daemon_threads = True

    def __init__(self, offset: timedelta) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.offset = offset


class _Handler(BaseHTTPRequestHandler):
    server: Dated

    def do_GET(self) -> None:
        self.send_response(404 if self.path == "/robots.txt" else 200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"offers": [{"name": "h100", "price": 2.5}]}).encode())

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(datetime.now(UTC) + self.server.offset, usegmt=True)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def installation(tmp_path: Path) -> Callable[[ExitStack, Sequence[timedelta]], dict[str, str]]:
    """Declares a provider a server, each server with a clock that is off by so much."""

    def made(stack: ExitStack, offsets: Sequence[timedelta]) -> dict[str, str]:
        names = [f"provider{number}" for number in range(len(offsets))]
        for name, offset in zip(names, offsets, strict=True):
            server = Dated(offset)
            stack.enter_context(serving(server))
            ask = f'url = "http://127.0.0.1:{server.server_port}/prices"'
            declare_provider(tmp_path / "providers", name, {"prices": Declared("json_api", [ask])}, PAGE)
        return {
            "GPULEDGER_PROVIDERS": str(tmp_path / "providers"),
            "GPULEDGER_ONLY": json.dumps(names),
            "GPULEDGER_ALLOW_LOOPBACK": "true",
        }

    return made


def rows(home: Path) -> dict[str, int]:
    with duckdb.connect(str(home / LEDGER_FILE), read_only=True) as connection:
        tables = ("scrapes", "offers", "runs", "providers", "observations", "captures")
        return {table: connection.table(table).count("*").fetchall()[0][0] for table in tables}


def test_a_run_with_a_wrong_clock_stores_nothing_and_keeps_its_archive(
    tmp_path: Path, installation: Any, gpuledger: Any
) -> None:
    home = tmp_path / "home"
    with ExitStack() as stack:
        variables = installation(stack, [-AHEAD] * MIN_HOSTS)
        refused = gpuledger("nightly", "--home", home, site=False, **variables)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "this machine's clock says" in refused.stderr
    assert "400 days earlier: nothing of this run was stored; set the clock" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert set(rows(home).values()) == {0}
    assert len(list((home / "raw").rglob("*.warc.gz"))) == MIN_HOSTS


def test_a_run_before_the_newest_stored_one_is_refused_until_that_one_is_void(
    tmp_path: Path, local: Any, gpuledger: Any
) -> None:
    home, ahead = tmp_path / "home", datetime.now(UTC) + AHEAD
    counts = dict.fromkeys(("sources_due", "sources_ok", "sources_partial", "sources_failed"), 0)
    row = {"run_id": "poisoned", "flow": "nightly", "origin": "live", "gpuledger_version": "0"}
    with Ledger(FileStorage(home)) as ledger:
        ledger.append_run({**row, **counts, "started_at": ahead, "finished_at": ahead})
    FileStorage(home).publish()
    refused = gpuledger("nightly", "--home", home, site=False, **local.variables)
    assert refused.returncode == 2
    assert "`gpuledger ledger void poisoned --reason" in refused.stderr
    assert local.server.paths == set()
    assert not (home / "raw").exists()
    voided = gpuledger("ledger", "void", "poisoned", "--reason", "wrong \x1b[1mclock", "--home", home)
    assert (voided.returncode, voided.stdout.splitlines()[0]) == (
        0,
        "poisoned is void: 0 scrapes no longer count; the warehouse is published",
    )
    ran = gpuledger("nightly", "--home", home, site=False, **local.variables)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    verified = gpuledger("verify", "--home", home, **local.variables)
    assert verified.returncode == 0, verified.stdout
    assert verified.stdout.startswith("VOID       run poisoned, 0 scrapes: wrong \\x1b[1mclock\n")
    with duckdb.connect(str(home / WAREHOUSE_FILE), read_only=True) as connection:
        assert connection.sql("SELECT count(*) FROM latest_offers").fetchall() == [(2,)]
    again = gpuledger("ledger", "void", "poisoned", "--reason", "x", "--home", home)
    assert (again.returncode, "is void already" in again.stderr) == (2, True)
