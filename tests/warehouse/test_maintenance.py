"""Copies of the ledger, and a compaction that changes its size and nothing else."""

from __future__ import annotations

import random
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse.test_views import offer, store
from warehouse import maintenance
from warehouse.checksums import checksums
from warehouse.data_folder import LEDGER_FILE, WAREHOUSE_FILE
from warehouse.errors import LedgerDamaged
from warehouse.ledger import Ledger
from warehouse.maintenance import backup, compact
from warehouse.restore import restore
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage
from warehouse.views import views

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


NIGHTS = 30


def machine(number: int) -> dict[str, Any]:
    """What one machine is, on every night: as on a market, much of a row says it again."""
    drawn = random.Random(number)
    sizes = {name: drawn.uniform(1, 500) for name in ("vcpus", "ram_gib", "disk_gib", "throughput")}
    names = {name: f"{drawn.getrandbits(64):x}" for name in ("machine_id", "host_id", "offer_id")}
    return {"key": f"{number * 7919 % 500:03}", "reliability": drawn.random(), **sizes, **names}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with nights of five hundred offers each, in the order in which nights come."""
    folder = tmp_path_factory.mktemp("filled")
    with Ledger(FileStorage(folder)) as ledger:
        for day in range(NIGHTS):
            rows = [offer(1 + number / 100 + day % 3, **machine(number)) for number in range(500)]
            store(ledger, day, "offers", rows)
    FileStorage(folder).publish()
    return folder


@pytest.fixture
def home(filled: Path, tmp_path: Path) -> Path:
    """A data folder of the test's own."""
    return Path(shutil.copytree(filled, tmp_path / "home"))


def answers(home: Path) -> dict[str, list[str]]:
    with read_warehouse(FileStorage(home)) as connection:
        return {view: sorted(map(repr, connection.table(view).fetchall())) for view in views()}


def test_compaction_makes_the_ledger_smaller_and_changes_no_row_and_no_view(home: Path) -> None:
    rows, answered = checksums(home / LEDGER_FILE), answers(home)
    done = compact(home)
    assert checksums(home / LEDGER_FILE) == checksums(home / WAREHOUSE_FILE) == rows
    assert answers(home) == answered
    assert done.rows == sum(count for count, _ in rows.values())
    assert done.after == (home / LEDGER_FILE).stat().st_size < done.before
    with Ledger(FileStorage(home)) as ledger:
        store(ledger, 41, "offers", [offer(2.0)])
        assert ledger.query("SELECT count(*) FROM offers").item() == NIGHTS * 500 + 1


def test_a_compaction_that_would_change_a_row_is_not_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def losing(path: Path, fresh: Path) -> None:
        write(path, fresh)
        with duckdb.connect(str(fresh)) as connection:
            connection.execute("DELETE FROM offers WHERE offer_key = '007'")

    write = maintenance._write_sorted
    monkeypatch.setattr(maintenance, "_write_sorted", losing)
    before = checksums(home / LEDGER_FILE)
    with pytest.raises(LedgerDamaged, match="would have changed rows"):
        compact(home)
    assert checksums(home / LEDGER_FILE) == before
    assert not list(home.glob(".gpuledger-*"))


def test_a_copy_brings_back_what_was_there(home: Path) -> None:
    before, answered = checksums(home / LEDGER_FILE), answers(home)
    copy = backup(home, NOW)
    assert copy == home / "backups" / "ledger-20261120T120000Z.duckdb"
    with Ledger(FileStorage(home)) as ledger:
        store(ledger, 50, "offers", [offer(9.0)])
    later = checksums(home / LEDGER_FILE)
    (former,) = restore(home, copy, NOW)
    assert checksums(home / LEDGER_FILE) == before
    assert answers(home) == answered
    assert checksums(former) == later


def test_a_copy_serves_where_the_ledger_was_lost(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("backups")
    copy = backup(home, NOW, elsewhere)
    before = answers(home)
    (home / LEDGER_FILE).write_bytes(b"not a database any more" * 1000)
    restore(home, copy, NOW)
    assert answers(home) == before


@pytest.mark.parametrize("kind", ["text", "database", "truncated", "halved"])
def test_what_is_no_ledger_is_not_restored(home: Path, tmp_path: Path, kind: str) -> None:
    wrong = tmp_path / "wrong.duckdb"
    if kind == "text":
        wrong.write_text("prices" * 10000, encoding="utf-8")
    elif kind == "database":
        with duckdb.connect(str(wrong)) as connection:
            connection.execute("CREATE TABLE prices (price DOUBLE)")
    else:
        whole = (home / LEDGER_FILE).read_bytes()
        wrong.write_bytes(whole[: 300_000 if kind == "truncated" else len(whole) // 2])
    before = checksums(home / LEDGER_FILE)
    with pytest.raises(LedgerDamaged):
        restore(home, wrong, NOW)
    assert checksums(home / LEDGER_FILE) == before
