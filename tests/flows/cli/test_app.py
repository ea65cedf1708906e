"""The command as an outsider meets it: answers in four forms, mistakes in a sentence, replays."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

from scrapers.registry import PROVIDERS, providers
from tests.prepared import Prepared
from warehouse.data_folder import LEDGER_FILE, WAREHOUSE_FILE
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage

Gpuledger = Callable[..., subprocess.CompletedProcess[str]]
SLOT = "2026-11-10T03:00:00Z"
HOLD = """
import sys, time, pathlib
from tests.prepared import Prepared
from warehouse.ledger import Ledger
from warehouse.storage import FileStorage
with Ledger(FileStorage(pathlib.Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def home(demo_home: Path, tmp_path: Path) -> Path:
    """A copy of the demo's ledger and archive, to be written to."""
    home = tmp_path / "home"
    shutil.copytree(demo_home / "raw", home / "raw")
    shutil.copyfile(demo_home / LEDGER_FILE, home / LEDGER_FILE)
    shutil.copyfile(demo_home / WAREHOUSE_FILE, home / WAREHOUSE_FILE)
    return home


def test_sql_answers_in_four_forms(
    demo_home: Path, tmp_path: Path, gpuledger: Gpuledger, gpuledger_anew: Gpuledger
) -> None:
    query = "SELECT count(DISTINCT slot) AS slots, ['a', 'b'] AS letters FROM offers"
    asked = ("sql", "--home", demo_home, query)
    assert "60" in gpuledger_anew(*asked).stdout
    assert json.loads(gpuledger(*asked, "-f", "json").stdout) == [{"slots": 60, "letters": ["a", "b"]}]
    answer = gpuledger(*asked, "-f", "csv").stdout
    assert list(csv.DictReader(io.StringIO(answer))) == [{"slots": "60", "letters": "a b"}]
    file = tmp_path / "answer.parquet"
    assert gpuledger(*asked, "-f", "parquet", "-o", file).returncode == 0
    assert pl.read_parquet(file).to_dicts() == [{"slots": 60, "letters": ["a", "b"]}]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("DELETE FROM offers", "read-only"),
        ("ATTACH 'other.duckdb'", "not a query"),
        ("SELECT * FROM read_csv('/etc/passwd')", "read_csv() is not allowed"),
        ("COPY offers TO 'stolen.csv'", "not a query"),
        ("SET enable_external_access = true", "not a query"),
        ("SELECT * FROM nowhere", "nowhere"),
    ],
)
def test_sql_only_answers_questions(demo_home: Path, gpuledger: Gpuledger, query: str, why: str) -> None:
    refused = gpuledger("sql", "--home", demo_home, query)
    assert refused.returncode == 2
    assert why in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("sql", "SELECT 1"), "run `gpuledger nightly`"),
        (("report",), "run `gpuledger nightly`"),
        (("nightly", "--source", "paperspce"), "'paperspce'"),
        (("nightly", "--at", "yesterday"), "yesterday"),
        (("nightly", "--recorded", "nowhere"), "nowhere"),
        (
            ("captures", "add", "--source", "aws.spot", "--url", "u", "--at", SLOT, "--asked", "{", __file__),
            "--asked",
        ),
    ],
)
def test_a_mistake_is_answered_with_a_sentence_and_exit_code_2(
    tmp_path: Path, gpuledger: Gpuledger, arguments: tuple[str, ...], why: str
) -> None:
    refused = gpuledger(*arguments, "--home", tmp_path / "home")
    assert refused.returncode == 2
    assert why in refused.stderr
    assert "Traceback" not in refused.stderr


def test_providers_are_listed_with_what_the_warehouse_holds(
    demo_home: Path, gpuledger_anew: Gpuledger
) -> None:
    rows = json.loads(gpuledger_anew("providers", "--home", demo_home, "--json").stdout)
    assert {row["provider"] for row in rows} == set(providers())
    (spot,) = (row for row in rows if row["source"] == "aws.spot")
    with read_warehouse(FileStorage(demo_home)) as connection:
        held = connection.sql("SELECT count(*), max(slot) FROM offers WHERE source = 'aws.spot'").fetchall()
    assert (spot["rows"], spot["status"], spot["cadence"]) == (held[0][0], "active", "nightly")
    assert spot["last_good_slot"] == str(held[0][1])


def test_a_ledger_in_use_is_waited_for_and_its_holder_named(home: Path, prepared: Prepared) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        checked = prepared.run("alerts", "check", "--home", home)
        assert checked.returncode == 0, checked.stderr
        with prepared.started("replay", "--home", home, "--since", "2026-12-31") as waiting:
            told = waiting.stderr.readline()
            holder.kill()
            waiting.stderr.read()
            assert waiting.wait() == 0
    assert f"process {holder.pid} (python" in told
    assert "waiting for it to be closed" in told


def test_live_prices_never_join_simulated_ones(home: Path, tmp_path: Path, gpuledger: Gpuledger) -> None:
    refused = gpuledger("nightly", "--home", home, "--recorded", tmp_path)
    assert refused.returncode == 2
    assert "holds simulated nights" in refused.stderr


def test_the_past_can_be_asked(demo_home: Path, gpuledger: Gpuledger) -> None:
    asked = ("sql", "--home", demo_home, "--format", "csv", "SELECT count(*) AS offers FROM latest_offers")
    assert gpuledger(*asked, "--at", "2000-01-01").stdout == "offers\n0\n"
    now = gpuledger(*asked).stdout
    assert now != "offers\n0\n"
    assert gpuledger(*asked, "--at", "2100-01-01").stdout == now


def test_replay_corrects_what_an_older_parser_misread_and_keeps_both(
    home: Path, gpuledger: Gpuledger
) -> None:
    slot = "slot = TIMESTAMPTZ '2026-11-10 03:00:00+00' AND source = 'aws.spot'"
    total = f"SELECT round(sum(usd_per_hour), 6) FROM current_offers WHERE {slot}"
    with duckdb.connect(str(home / LEDGER_FILE)) as ledger:
        right = ledger.sql(total).fetchall()
        ledger.sql(
            f"UPDATE offers SET usd_per_hour = usd_per_hour * 8, parser_version = 'older' WHERE {slot}"
        )
        assert ledger.sql(total).fetchall() != right
        rows = ledger.sql(f"SELECT count(*) FROM offers WHERE {slot}").fetchall()[0][0]
    asked = ("replay", "--home", home, "--since", SLOT, "--source", "aws.spot", "--json")
    ran = gpuledger(*asked, site=False)
    assert ran.returncode == 0, ran.stderr
    summary = json.loads(ran.stdout)
    assert [scrape["source"] for scrape in summary["scrapes"]] == ["aws.spot"]
    with read_warehouse(FileStorage(home)) as connection:
        assert connection.sql(total).fetchall() == right
        assert connection.sql(f"SELECT count(*) FROM offers WHERE {slot}").fetchall() == [(2 * rows,)]
    again = gpuledger(*asked)
    assert json.loads(again.stdout)["scrapes"] == []


def test_a_check_shows_what_a_source_would_write_and_writes_nothing(
    demo_home: Path, tmp_path: Path, gpuledger: Gpuledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ("providers", "check", "aws.spot", "--recorded", demo_home / "recorded-web")
    good = gpuledger(*asked, "--at", "2026-11-10T03:17", "--json")
    assert good.returncode == 0, good.stderr
    (record,) = json.loads(good.stdout)
    assert record["scrape"]["status"] == "ok"
    assert len(record["offers"]) == record["scrape"]["rows_accepted"] > 100
    broken = gpuledger(*asked, "--at", "2026-10-28T03:17")
    assert broken.returncode == 1
    assert "aws.spot: failed" in broken.stdout
    assert "answered no JSON" in broken.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_further_providers_is_read_and_one_that_is_off_only_when_enabled(
    tmp_path: Path, gpuledger: Gpuledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(PROVIDERS / "paperspace", tmp_path / "providers" / "our_lab")
    declared = tmp_path / "providers" / "our_lab" / "provider.toml"
    off = 'enabled = false\nwhy_disabled = "a test"\n'
    declared.write_text(off + declared.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setenv("GPULEDGER_PROVIDERS", str(tmp_path / "providers"))
    listed = json.loads(gpuledger("providers", "--json", "--home", tmp_path).stdout)
    assert {row["source"] for row in listed if not row["enabled"]} >= {"our_lab.machines", "our_lab.plans"}

    empty = tmp_path / "empty"
    empty.mkdir()
    asked = ("nightly", "--recorded", empty, "--at", SLOT, "--home", tmp_path / "home", "--json")
    monkeypatch.setenv("GPULEDGER_ENABLE", '["our_lab"]')
    ran = json.loads(gpuledger(*asked, site=False).stdout)
    assert "our_lab.machines" in {scrape["source"] for scrape in ran["scrapes"]}
    monkeypatch.setenv("GPULEDGER_ENABLE", '["nobody"]')
    refused = gpuledger(*asked)
    assert refused.returncode == 2
    assert "no provider is called 'nobody'" in refused.stderr
