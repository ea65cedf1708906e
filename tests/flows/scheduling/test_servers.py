"""Runs that nobody watches: on their schedules, in turns, ended in the middle, and missed."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import signal
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from flows.pipeline.missed_slots import firings, missed
from flows.runtime.installation import Installation
from flows.runtime.lock import RunUnderWay, run_lock
from flows.runtime.run import RunRequest
from flows.scheduling.prefect_secret import secret_file
from scrapers.declaration import SourceDeclared
from scrapers.registry import Source
from scrapers.slots import NIGHTLY_HOUR, slot_name, slot_of
from tests.prepared import Prepared
from tests.processes import eventually, free_port, started
from warehouse.data_folder import WAREHOUSE_FILE
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage

ROOT = Path(__file__).resolve().parents[3]
JSON = {"Content-Type": "application/json"}
NOW = datetime(2026, 11, 20, 3, 17, tzinfo=UTC)


def scrapes(home: Path) -> list[tuple[Any, ...]]:
    if not (home / WAREHOUSE_FILE).exists():
        return []
    with read_warehouse(FileStorage(home)) as connection:
        asked = "SELECT source, status FROM scrapes WHERE source LIKE 'local.%' ORDER BY source, slot"
        return connection.sql(asked).fetchall()


def running() -> dict[int, int]:
    """Every process that is not a zombie, with its parent."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = stat.read_text(encoding="utf-8").rpartition(")")[2].split()[:2]
            if state != "Z":
                found[int(stat.parent.name)] = int(parent)
    return found


def below(process: int) -> set[int]:
    """The processes that a process has started, and those that they have."""
    parents, found = running(), {process}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {process}


@pytest.mark.slow
def test_serve_runs_what_is_scheduled_shows_the_site_and_ends_when_told(tmp_path: Path, local: Any) -> None:
    home, port, site_port = tmp_path / "home", free_port(), free_port()
    ports = ("--prefect-port", str(port), "--site", "--site-port", str(site_port))
    variables = {
        **local.variables,
        "GPULEDGER_SCHEDULE__MARKET": "",
        "GPULEDGER_SCHEDULE__NIGHTLY": "* * * * *",
    }
    with started("serve", "--home", home, *ports, **variables) as serving:
        api = f"http://127.0.0.1:{port}/api"
        eventually(secret_file(home).exists)
        eventually(lambda: _served(api, home) == {"nightly": ["* * * * *"]}, 150)
        with pytest.raises(HTTPError, match="401"):
            urlopen(Request(f"{api}/flows/filter", data=b"{}", headers=JSON))
        # Its server is killed, and is there again before a run needs it.
        first = _server_of(serving.pid)
        os.kill(first, signal.SIGKILL)
        eventually(lambda: _server_of(serving.pid) not in {0, first}, 30)
        eventually(lambda: scrapes(home), 150)
        eventually(lambda: urlopen(f"http://127.0.0.1:{site_port}/index.html").status == 200)
        assert ("local.prices", "ok") in scrapes(home)
        (run, *_) = eventually(lambda: [run for run in _asked(api, home, "flow_runs") if run["end_time"]])
        # A schedule that fires at every hour gives the day a slot at midnight.
        assert run["name"] == f"nightly {slot_name(slot_of('nightly', datetime.now(UTC), 0))}"
        (task,) = (one for one in _asked(api, home, "task_runs") if one["name"] == "local.market")
        assert task["state"]["type"] == "COMPLETED"
        links = [one for one in _asked(api, home, "artifacts") if one["key"] == "site"]
        assert f"http://127.0.0.1:{site_port}/" in links[0]["data"]
        started_by_it = below(serving.pid)
        serving.terminate()
        assert serving.wait(30) == 0
        said = serving.communicate()[0]
        assert "the Prefect server ended (signal 9)" in said
        assert re.search(rf"nightly [0-9TZ]+-\w+: 2 ok http://127.0.0.1:{site_port}/", said)
        assert secret_file(home).read_text(encoding="ascii").strip() not in said
        assert started_by_it
        eventually(lambda: not started_by_it & running().keys(), 10)
    # What it was doing is whole, and the data folder is free.
    with Ledger(FileStorage(home)) as ledger:
        assert ledger.query("SELECT count(*) FROM offers").item() == 2


def _served(api: str, home: Path) -> dict[str, list[str]]:
    found = _asked(api, home, "deployments")
    return {one["name"]: [each["schedule"]["cron"] for each in one["schedules"]] for one in found}


def _asked(api: str, home: Path, kind: str) -> list[dict[str, Any]]:
    """Everything of a kind that Prefect knows, asked with the secret of the data folder."""
    secret = base64.b64encode(secret_file(home).read_bytes().strip()).decode()
    headers = {**JSON, "Authorization": f"Basic {secret}"}
    with urlopen(Request(f"{api}/{kind}/filter", data=b"{}", headers=headers)) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


def _server_of(serving: int) -> int:
    """The process of the Prefect server, 0 while there is none."""
    for process in below(serving):
        with suppress(OSError):
            if b"flows.scheduling.prefect_server" in Path(f"/proc/{process}/cmdline").read_bytes():
                return process
    return 0


def test_a_run_that_is_told_to_end_ends_cleanly_and_the_next_one_picks_up(
    tmp_path: Path, local: Any, prepared: Prepared
) -> None:
    home = tmp_path / "home"
    local.server.gate.clear()
    with prepared.started("nightly", "--home", home, **local.variables) as run:
        assert local.server.asked.wait(60)
        started_by_it = below(run.pid)
        run.terminate()
        assert run.wait(30) == 143
        assert started_by_it
        eventually(lambda: not started_by_it & running().keys(), 10)
    assert not list(home.glob("raw/*/local.*.warc.gz"))
    local.server.gate.set()
    with prepared.started("nightly", "--home", home, site=False, **local.variables) as again:
        assert again.wait(60) == 0
    assert {status for _, status in scrapes(home)} == {"ok"}


def test_a_second_run_of_a_flow_is_refused_and_another_flow_waits_its_turn(
    tmp_path: Path, local: Any, prepared: Prepared
) -> None:
    home = tmp_path / "home"
    local.server.gate.clear()
    with prepared.started("nightly", "--home", home, site=False, **local.variables) as first:
        assert local.server.asked.wait(60)
        with prepared.started("nightly", "--home", home, site=False, **local.variables) as second:
            assert second.wait(60) == 2
            assert f"process {first.pid}); a second one is not started" in second.communicate()[1]
        with prepared.started("market", "--home", home, site=False, **local.variables) as market:
            assert "waiting for it to end" in eventually(market.stderr.readline)
            local.server.gate.set()
            assert first.wait(60) == 0
            assert market.wait(60) == 0
    assert sorted(source for source, _ in scrapes(home)) == ["local.market", "local.prices"]


def test_a_turn_is_not_waited_for_without_end(tmp_path: Path) -> None:
    told: list[str] = []
    with (
        run_lock(tmp_path, "nightly"),
        pytest.raises(RunUnderWay, match="long enough"),
        run_lock(tmp_path, "market", told.append, patience=0.1),
    ):
        pass
    assert len(told) == 1
    with run_lock(tmp_path, "nightly"):
        pass


def test_a_live_run_fills_no_slot_but_that_of_now(tmp_path: Path, gpuledger: Any) -> None:
    refused = gpuledger("nightly", "--home", tmp_path, "--at", "2026-11-20T03:17")
    assert refused.returncode == 2
    assert "--at needs --recorded" in refused.stderr
    assert not (tmp_path / "raw").exists()


def source(name: str, cadence: str) -> Source:
    declared = {
        "title": "t",
        "format": "json_api",
        "cadence": cadence,
        "request": [{"url": "https://example.com/"}],
        "good": {"offers": {"rows_at_least": 1}},
    }
    return Source("p", name, SourceDeclared.model_validate(declared))


def ran(ledger: Ledger, flow: str, at: datetime, *sources: Source, hour: int = NIGHTLY_HOUR) -> None:
    """A live run of a flow that stored these sources, where nightly slots are at `hour`."""
    for each in sources:
        slot = slot_of(each.declared.cadence, at, hour)
        ledger.append(
            ScrapeRecord(
                {
                    **dict.fromkeys(("run_id", "provider", "parser_version"), "x"),
                    **{"source": each.id, "slot": slot, "started_at": at, "finished_at": at, "status": "ok"},
                    **dict.fromkeys(("rows_parsed", "rows_accepted", "rows_quarantined"), 0),
                    "capture_ids": [],
                }
            )
        )
    counted = dict.fromkeys(("sources_due", "sources_ok", "sources_partial", "sources_failed"), 0)
    row = {"run_id": "x", "flow": flow, "started_at": at, "finished_at": at, "origin": "live", **counted}
    ledger.append_run({**row, "gpuledger_version": "0"})


def slots_missed(ledger: Ledger, request: RunRequest, cron: str) -> list[tuple[str, str]]:
    records = asyncio.run(missed(request, ledger, run_id="now", cron=cron, now=request.at[0]))
    assert all(record.scrape["status"] == "missed" for record in records)
    return [(record.scrape["source"], f"{record.scrape['slot']:%d %H}") for record in records]


def test_slots_without_a_run_are_recorded_as_missed_once(tmp_path: Path) -> None:
    nightly, hourly = source("nightly", "nightly"), source("hourly", "hourly")
    request = RunRequest(Installation(tmp_path), (nightly, hourly), (NOW,))
    with Ledger(FileStorage(tmp_path)) as ledger:
        assert slots_missed(ledger, request, "17 3 * * *") == []
        ran(ledger, "nightly", NOW - timedelta(days=3), nightly, hourly)
        assert slots_missed(ledger, request, "") == []
        assert slots_missed(ledger, request, "17 3 * * *") == [("p.nightly", "18 03"), ("p.nightly", "19 03")]
        assert slots_missed(ledger, request, "17 3 * * *") == []
        # A nightly run owes no hourly slots, and a market that never ran has missed none.
        market = replace(request, flow="market", sources=(hourly,))
        assert slots_missed(ledger, market, "5 * * * *") == []
        ran(ledger, "market", NOW - timedelta(hours=6), hourly)
        assert slots_missed(ledger, market, "5 */2 * * *") == [
            ("p.hourly", f"{day} {hour}") for day, hour in ((19, 22), (20, "00"), (20, "02"))
        ]


def test_a_source_that_is_new_and_a_run_of_an_archive_have_missed_nothing(tmp_path: Path) -> None:
    old, new = source("old", "nightly"), source("new", "nightly")
    request = RunRequest(Installation(tmp_path), (old, new), (NOW,))
    with Ledger(FileStorage(tmp_path)) as ledger:
        ran(ledger, "nightly", NOW - timedelta(days=2), old)
        recorded = replace(request, origin="recorded", recorded=tmp_path)
        assert slots_missed(ledger, recorded, "17 3 * * *") == []
        assert slots_missed(ledger, request, "17 3 * * *") == [("p.old", "19 03")]


def test_firings_of_a_long_outage_are_all_found() -> None:
    fired = asyncio.run(firings("5 * * * *", NOW - timedelta(days=90), NOW))
    assert len(fired) == 90 * 24
    with pytest.raises(ValueError, match="cron"):
        asyncio.run(firings("at three", NOW, NOW))
