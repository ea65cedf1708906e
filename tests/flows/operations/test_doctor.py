"""The doctor finds what is wrong, says what to do, and changes nothing."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.operations.doctor import HealthCheck, examine
from flows.runtime.installation import ALERT_ADDRESSES, Installation
from flows.runtime.settings import Settings
from tests.warehouse.test_views import FIRST, offer, store
from warehouse.data_folder import LEDGER_FILE, WAREHOUSE_FILE
from warehouse.ledger import Ledger
from warehouse.storage import FileStorage

NOW = FIRST + timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder with two nights of one source, whose archive is one file."""
    folder = tmp_path / "home"
    with Ledger(FileStorage(folder)) as ledger:
        for day in (0, 1):
            store(ledger, day, "offers", [offer(2.0), offer(3.0, key="b")])
        capture = {"role": "response", "url": "https://example.com/", "bytes": 1, "warc_offset": 0}
        named = {"capture_id": "c", "run_id": "r", "source": "p.s", "warc_file": "raw/a.warc.gz"}
        ledger.append_rows("captures", [{**capture, **named, "slot": FIRST, "fetched_at": FIRST}])
    (folder / "raw").mkdir()
    (folder / "raw" / "a.warc.gz").touch()
    FileStorage(folder).publish()
    return folder


def wrong(home: Path, now: datetime = NOW, **settings: Any) -> list[HealthCheck]:
    return [check for check in examine(Installation(home, Settings(**settings)), now) if check.state != "ok"]


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
    FileStorage(home).publish()
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
    with Ledger(FileStorage(home)) as ledger:
        listed = {"declared_at": FIRST, "run_id": "r", "provider": "p", "title": "P", "kind": "cloud"}
        stands = {"status": "active", "enabled": True, "homepage": "h", "evidence": [], "sources": ["p.s"]}
        ledger.append_rows("providers", [{**listed, **stands}])
        store(ledger, 2, "offers", [], status="failed")
    FileStorage(home).publish()
    (check,) = wrong(home, FIRST + timedelta(days=2), chromium=chromium)
    assert (check.state, check.found) == ("warning", "p.s: last good 2026-09-02T03Z, now failed")
    assert check.advice == "it broke"


def test_a_clock_behind_the_ledger_is_a_problem(home: Path, chromium: str) -> None:
    with Ledger(FileStorage(home)) as ledger:
        counts = dict.fromkeys(("sources_due", "sources_ok", "sources_partial", "sources_failed"), 0)
        row = {"run_id": "r", "flow": "nightly", "origin": "live", "gpuledger_version": "0"}
        ledger.append_run({**row, **counts, "started_at": NOW, "finished_at": NOW})
    FileStorage(home).publish()
    (check,) = wrong(home, NOW - timedelta(hours=1), chromium=chromium)
    assert (check.name, check.state) == ("clock", "problem")


def test_what_is_set_wrong_is_told(home: Path, chromium: str) -> None:
    given = {"chromium": chromium, "schedule": {"nightly": "at three"}, "alerts": [{"on": "incident"}]}
    unreachable = {"PREFECT_API_URL": "http://127.0.0.1:9/api"}
    checks = examine(Installation(home, Settings(**given), unreachable), NOW)
    found = [check for check in checks if check.state != "ok"]
    assert {check.name: check.state for check in found} == dict.fromkeys(
        ("schedule", "prefect", "alerts"), "problem"
    )


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"only": ["awss"]}, "only: no source or provider is called 'awss'; did you mean 'aws'?"),
        ({"enable": ["nobody at all"]}, "enable: no source or provider is called 'nobody at all'"),
        ({"providers": "{tmp}/none"}, "none does not exist"),
        ({"providers": "{tmp}/file"}, "file is not a folder"),
        ({"providers": "{tmp}"}, "declares no provider"),
        (
            {"alerts": [{"on": "incident", "source": "aws.spott"}]},
            "no source or provider is called 'aws.spott'",
        ),
        ({"alerts": [{"on": "free_tier", "provider": "kagle"}]}, "did you mean 'kaggle'?"),
        ({"chromium": "/not/there"}, "there is no /not/there, so these fail every night"),
        ({"chromium": "{tmp}/file"}, "file cannot be executed"),
        ({"warehouse_data": "{tmp}"}, "warehouse_data is set, and warehouse is not"),
        ({"site_url": "prices.example"}, "'prices.example' is not an address of the web"),
        ({"schedule": {"nightly": "0 0 30 2 *"}}, "nightly: '0 0 30 2 *'"),
    ],
)
def test_a_setting_that_would_leave_something_out_without_a_word_is_a_problem(
    tmp_path: Path, chromium: str, settings: dict[str, Any], found: str
) -> None:
    (tmp_path / "file").touch()
    given = {name: _placed(value, tmp_path) for name, value in settings.items()}
    read = Settings(**{"chromium": chromium, **given})
    installation = Installation(tmp_path / "home", read, {ALERT_ADDRESSES: "json://127.0.0.1:9"})
    problems = [check for check in examine(installation, NOW) if check.state == "problem"]
    assert len(problems) == 1, problems
    assert found in problems[0].found
    assert problems[0].advice


def _placed(value: Any, folder: Path) -> Any:
    return value.format(tmp=folder) if isinstance(value, str) else value


def test_a_browser_that_no_source_needs_may_be_missing(tmp_path: Path) -> None:
    installation = Installation(tmp_path, Settings(chromium="/not/there", only=["aws.spot"]))
    (check,) = (check for check in examine(installation, NOW) if check.name == "browser")
    assert check.state == "warning"


def test_an_address_that_no_service_has_is_a_problem(tmp_path: Path, chromium: str) -> None:
    alerts: Any = [{"on": "run_failed"}]
    addresses = {ALERT_ADDRESSES: "carrier-pigeon://sesame-open json://127.0.0.1:9"}
    installation = Installation(tmp_path, Settings(chromium=chromium, alerts=alerts), addresses)
    (check,) = (check for check in examine(installation, NOW) if check.state == "problem")
    assert "of which Apprise does not know 1" in check.found
    assert "sesame" not in check.found + check.advice


def test_a_run_ends_in_a_sentence_where_a_setting_is_wrong(tmp_path: Path, gpuledger: Any) -> None:
    for variable, value, said in (
        ("GPULEDGER_ONLY", '["awss"]', "no source or provider is called 'awss'"),
        ("GPULEDGER_PROVIDERS", str(tmp_path / "none"), "none does not exist"),
        ("GPULEDGER_SCHEDULE__NIGHTLY", "at three", "schedule.nightly in config.toml"),
    ):
        ended = gpuledger("nightly", "--home", tmp_path / "home", **{variable: value})
        assert (ended.returncode, "Traceback" in ended.stderr) == (2, False)
        assert said in ended.stderr


def test_credentials_are_named_and_never_shown(
    home: Path, chromium: str, gpuledger_anew: Any, monkeypatch: pytest.MonkeyPatch
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
