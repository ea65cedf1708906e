"""The doctor finds what is wrong, says what to do, and changes nothing."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.alerting import ADDRESSES
from flows.doctor import Check, examine
from flows.settings import Settings
from tests.warehouse.test_views import FIRST, offer, store
from warehouse.ledger import LEDGER_FILE, WAREHOUSE_FILE, Ledger, publish

NOW = FIRST + timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder with two nights of one source, whose archive is one file."""
    folder = tmp_path / "home"
    with Ledger(folder) as ledger:
        for day in (0, 1):
            store(ledger, day, "offers", [offer(2.0), offer(3.0, key="b")])
        capture = {"role": "response", "url": "https://example.com/", "bytes": 1, "warc_offset": 0}
        named = {"capture_id": "c", "run_id": "r", "source": "p.s", "warc_file": "raw/a.warc.gz"}
        ledger.append_rows("captures", [{**capture, **named, "slot": FIRST, "fetched_at": FIRST}])
    (folder / "raw").mkdir()
    (folder / "raw" / "a.warc.gz").touch()
    publish(folder)
    return folder


def wrong(home: Path, now: datetime = NOW, **settings: Any) -> list[Check]:
    return [check for check in examine(home, Settings(**settings), now) if check.state != "ok"]


def test_an_installation_in_order_has_nothing_to_mend(home: Path, chromium: str) -> None:
    files = sorted(home.rglob("*"))
    assert wrong(home, chromium=chromium) == []
    assert sorted(home.rglob("*")) == files


def test_a_new_installation_is_told_to_begin(tmp_path: Path, chromium: str) -> None:
    (check,) = wrong(tmp_path / "not" / "there", chromium=chromium)
    assert (check.state, check.advice) == ("warning", "run `gpuledger nightly`")


def test_rows_that_are_gone_are_named(home: Path, chromium: str) -> None:
    with duckdb.connect(str(home / LEDGER_FILE)) as connection:
        connection.execute(
            "DELETE FROM offers WHERE offer_key = 'b' AND slot = (SELECT min(slot) FROM offers)"
        )
    publish(home)
    (check,) = wrong(home, chromium=chromium)
    assert (check.name, check.state) == ("rows", "problem")
    assert check.found == "not as many rows as were stored: p.s 2026-09-01T03Z"


def test_a_file_of_the_archive_that_is_gone_is_named(home: Path, chromium: str) -> None:
    (home / "raw" / "a.warc.gz").unlink()
    (check,) = wrong(home, chromium=chromium)
    assert check.found == "1 of 1 files are gone: raw/a.warc.gz"
    assert "verify" in check.advice


def test_a_copy_that_cannot_be_read_and_a_ledger_that_is_gone_are_told(home: Path, chromium: str) -> None:
    shutil.move(home / LEDGER_FILE, home / "away")
    (gone,) = wrong(home, chromium=chromium)
    assert "ledger.duckdb is not there, but a published copy" in gone.found
    assert f"gpuledger ledger restore {home / WAREHOUSE_FILE}" in gone.advice
    (home / WAREHOUSE_FILE).unlink()
    (home / WAREHOUSE_FILE).write_bytes(b"\0" * 5000)
    damaged = wrong(home, chromium=chromium)
    assert {(check.name, check.state) for check in damaged} == {("ledger", "problem")}
    assert all("ledger new" in check.advice for check in damaged)


def test_what_was_left_behind_is_named_with_its_size_and_a_cure(home: Path, chromium: str) -> None:
    (home / f"{WAREHOUSE_FILE}.wal").write_bytes(b"\0" * 100_000)
    left = home / ".gpuledger-compact-0a1b2c3d"
    left.mkdir()
    (left / "lock").touch()
    log, scratch = wrong(home, chromium=chromium)
    assert f"{WAREHOUSE_FILE}.wal was left by another program" in log.found
    assert "0.1 MB" in log.found
    assert "gpuledger publish" in log.advice
    assert str(left) in scratch.found


def test_a_source_that_went_stale_is_told_with_its_error(home: Path, chromium: str) -> None:
    with Ledger(home) as ledger:
        listed = {"declared_at": FIRST, "run_id": "r", "provider": "p", "title": "P", "kind": "cloud"}
        stands = {"status": "active", "enabled": True, "homepage": "h", "evidence": [], "sources": ["p.s"]}
        ledger.append_rows("providers", [{**listed, **stands}])
        store(ledger, 2, "offers", [], status="failed")
    publish(home)
    (check,) = wrong(home, FIRST + timedelta(days=2), chromium=chromium)
    assert (check.state, check.found) == ("warning", "p.s: last good 2026-09-02T03Z, now failed")
    assert check.advice == "it broke"


def test_a_clock_behind_the_ledger_is_a_problem(home: Path, chromium: str) -> None:
    with Ledger(home) as ledger:
        counts = dict.fromkeys(("sources_due", "sources_ok", "sources_partial", "sources_failed"), 0)
        row = {"run_id": "r", "flow": "nightly", "origin": "live", "gpuledger_version": "0"}
        ledger.append_run({**row, **counts, "started_at": NOW, "finished_at": NOW})
    publish(home)
    (check,) = wrong(home, NOW - timedelta(hours=1), chromium=chromium)
    assert (check.name, check.state) == ("clock", "problem")


def test_what_is_set_wrong_is_told(home: Path, chromium: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.delenv(ADDRESSES, raising=False)
    alerts = [{"on": "incident"}]
    found = wrong(home, chromium=chromium, schedule={"nightly": "at three"}, alerts=alerts)
    assert {check.name: check.state for check in found} == dict.fromkeys(
        ("schedule", "prefect", "alerts"), "problem"
    )


def test_credentials_are_named_and_never_shown(
    home: Path, gpuledger_anew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAST_API_KEY", "sesame-open")
    shown = gpuledger_anew("doctor", "--home", home)
    assert shown.returncode == 0, shown.stdout
    assert "vast_ai.utilisation: there" in shown.stdout
    assert "AWS_ACCESS_KEY_ID is not set" in shown.stdout
    assert "sesame" not in shown.stdout + shown.stderr


def test_a_problem_is_exit_code_1(tmp_path: Path, gpuledger: Any) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with duckdb.connect(str(home / WAREHOUSE_FILE)) as connection:
        connection.execute("CREATE TABLE prices (price DOUBLE)")
    ended = gpuledger("doctor", "--home", home)
    assert ended.returncode == 1
    assert "cannot be read" in ended.stdout
