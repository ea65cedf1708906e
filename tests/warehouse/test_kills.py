"""A process that ends at any step of a swap leaves the rows of before or those of after, and no obstacle."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.test_ledger import SLOT, record
from warehouse.atomic import clear, leftovers, scratch
from warehouse.data_folder import LEDGER_FILE, WAREHOUSE_FILE, LedgerBehind, LedgerMissing, scrapes_in
from warehouse.errors import LedgerDamaged
from warehouse.ledger import Ledger
from warehouse.ledger_file import publish_copy
from warehouse.maintenance import backup, compact
from warehouse.restore import begin, republish, restore
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
KILLED = 9
STEPS = {"os.rename", "os.link", "os.remove"}


def add(home: Path, *days: int) -> None:
    with Ledger(FileStorage(home)) as ledger:
        for day in days:
            ledger.append(record(f"run-{day}", slot=SLOT + timedelta(days=day)))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published data folder of three scrapes, with a backup of the first one."""
    home = tmp_path_factory.mktemp("filled") / "home"
    add(home, 0)
    backup(home, NOW)
    add(home, 1, 2)
    FileStorage(home).publish()
    return home


@pytest.fixture
def home(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled, tmp_path / "home"))


def killed_at(step: int, home: Path, act: Callable[[], object]) -> bool:
    """Do something in a child that ends without cleaning up at a step below the data folder."""
    if not (child := os.fork()):
        left = step

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            if event in STEPS and str(arguments[0]).startswith(str(home)):
                left -= 1
                if left < 0:
                    os._exit(KILLED)

        sys.addaudithook(hook)
        try:
            act()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED


def written_and_killed(file: Path, statement: str) -> None:
    """As a client that opens a file for writing and dies."""
    if not (child := os.fork()):
        connection = duckdb.connect(str(file))
        connection.execute(statement)
        os._exit(KILLED)
    os.waitpid(child, 0)


ACTS: dict[str, tuple[Callable[[Path], object], set[int]]] = {
    "restore": (lambda home: restore(home, next((home / "backups").glob("ledger-2*")), NOW), {1, 3}),
    "compact": (compact, {3}),
    "publish": (publish_copy, {3}),
    "backup": (lambda home: backup(home, NOW), {3}),
}


@pytest.mark.parametrize("name", ACTS)
def test_an_end_at_any_step_leaves_a_whole_ledger_and_the_next_command_works(
    name: str, filled: Path, tmp_path: Path
) -> None:
    act, allowed = ACTS[name]
    steps = 0
    while True:
        home = Path(shutil.copytree(filled, tmp_path / f"{name}-{steps}"))
        if not killed_at(steps, home, lambda home=home: act(home)):
            break
        assert scrapes_in(home / LEDGER_FILE) in allowed, steps
        assert scrapes_in(home / WAREHOUSE_FILE) in {1, 3}, steps
        with Ledger(FileStorage(home)):
            pass
        assert not leftovers(home), steps
        FileStorage(home).publish()
        assert scrapes_in(home / WAREHOUSE_FILE) == (scrapes_in(home / LEDGER_FILE) or 0), steps
        steps += 1
    assert steps >= 1


def test_a_log_that_a_killed_run_left_is_in_the_ledger_that_a_restore_keeps(home: Path) -> None:
    row = "INSERT INTO scrapes SELECT * REPLACE ('run-5' AS run_id) FROM scrapes LIMIT 1"
    written_and_killed(home / LEDGER_FILE, row)
    assert (home / f"{LEDGER_FILE}.wal").exists()
    former, *_ = restore(home, next((home / "backups").glob("ledger-2*")), NOW)
    assert scrapes_in(former) == 4
    assert scrapes_in(home / LEDGER_FILE) == 1
    assert not (home / f"{LEDGER_FILE}.wal").exists()


@pytest.mark.parametrize("left", ["gone", "empty"])
def test_without_its_ledger_a_folder_is_refused_and_says_what_brings_it_back(home: Path, left: str) -> None:
    (home / LEDGER_FILE).unlink()
    if left == "empty":
        (home / LEDGER_FILE).touch()
    with pytest.raises(LedgerMissing, match=f"gpuledger ledger restore {home / WAREHOUSE_FILE}"):
        Ledger(FileStorage(home))
    with pytest.raises(LedgerMissing):
        compact(home)
    restore(home, home / WAREHOUSE_FILE, NOW)
    add(home, 9)
    assert scrapes_in(home / LEDGER_FILE) == 4


def test_a_backup_is_named_where_the_published_copy_is_gone_too(home: Path) -> None:
    (home / LEDGER_FILE).unlink()
    (home / WAREHOUSE_FILE).unlink()
    with pytest.raises(LedgerMissing, match=r"ledger restore .*/backups/ledger-"):
        Ledger(FileStorage(home))


def test_an_archive_alone_is_refused_until_a_new_ledger_is_begun_on_purpose(tmp_path: Path) -> None:
    archive = tmp_path / "raw" / "2026-11-20"
    archive.mkdir(parents=True)
    (archive / "p.s.0300.aaaaaaaa.warc.gz").touch()
    with pytest.raises(LedgerMissing, match="gpuledger ledger new"):
        Ledger(FileStorage(tmp_path))
    assert begin(tmp_path, NOW) == []
    add(tmp_path, 0)
    with pytest.raises(LedgerDamaged, match="holds 1 scrapes"):
        begin(tmp_path, NOW)


def test_a_new_ledger_keeps_the_published_copy_of_the_former_one(home: Path) -> None:
    (home / LEDGER_FILE).unlink()
    (kept,) = begin(home, NOW)
    assert scrapes_in(kept) == 3
    add(home, 9)
    FileStorage(home).publish()


def test_an_older_ledger_put_in_by_hand_is_refused_and_never_published(home: Path) -> None:
    shutil.copyfile(next((home / "backups").glob("*")), home / LEDGER_FILE)
    with pytest.raises(LedgerBehind, match=r"holds 1 scrapes and .* 3"), Ledger(FileStorage(home)):
        pass
    with Ledger(FileStorage(home), checked=False) as ledger:
        for day in range(10, 20):
            ledger.append(record(f"run-{day}", slot=SLOT + timedelta(days=day)))
    with pytest.raises(LedgerBehind, match="2 scrapes"):
        FileStorage(home).publish()
    assert scrapes_in(home / WAREHOUSE_FILE) == 3
    republish(home, NOW, replace=True)
    assert scrapes_in(home / WAREHOUSE_FILE) == 11


@pytest.mark.parametrize("statement", ["DELETE FROM offers", "CREATE TABLE my_notes (i int)"])
def test_a_log_of_another_client_is_named_and_neither_read_nor_published(
    home: Path, statement: str, caplog: pytest.LogCaptureFixture
) -> None:
    published = home / WAREHOUSE_FILE
    assert published.stat().st_mode & 0o777 == 0o444
    published.chmod(0o644)
    written_and_killed(published, statement)
    with read_warehouse(FileStorage(home)) as connection:
        assert connection.sql("SELECT count(*) FROM offers").fetchall() == [(3,)]
        assert "my_notes" not in connection.sql("SHOW TABLES").pl()["name"].to_list()
    assert f"{published}.wal was left by" in caplog.text
    assert "gpuledger publish" in caplog.text
    with read_warehouse(FileStorage(home), materialized=("latest_offers",)) as connection:
        assert connection.sql("SELECT count(*) FROM offers").fetchall() == [(3,)]
    add(home, 9)
    FileStorage(home).publish()
    assert [path.name for path in home.glob("warehouse*")] == [WAREHOUSE_FILE]
    with duckdb.connect(str(published), read_only=True) as connection:
        assert connection.sql("SELECT count(*) FROM offers").fetchall() == [(4,)]


def test_a_log_beside_a_published_copy_is_not_restored_with_it(home: Path) -> None:
    (home / WAREHOUSE_FILE).chmod(0o644)
    written_and_killed(home / WAREHOUSE_FILE, "DELETE FROM scrapes")
    (home / LEDGER_FILE).unlink()
    restore(home, home / WAREHOUSE_FILE, NOW)
    assert scrapes_in(home / LEDGER_FILE) == 3
    assert os.access(home / LEDGER_FILE, os.W_OK)
    assert (home / LEDGER_FILE).stat().st_mode & 0o200
    assert not list(home.glob("*.wal"))


def test_a_leftover_goes_and_the_work_of_a_live_process_stays(tmp_path: Path) -> None:
    if not (child := os.fork()):
        killed = scratch(tmp_path, "killed")
        killed.__enter__()
        os._exit(KILLED)
    os.waitpid(child, 0)
    with scratch(tmp_path / "elsewhere", "x"):
        assert len(leftovers(tmp_path)) == 1
    with scratch(tmp_path, "live") as live:
        clear(tmp_path)
        assert live.exists()
        assert leftovers(tmp_path) == []
        assert list(tmp_path.glob(".gpuledger-*")) == [live]


def test_the_first_error_is_the_one_that_is_raised(tmp_path: Path) -> None:
    with (
        pytest.raises(KeyError, match="the cause"),
        Ledger(FileStorage(tmp_path)) as ledger,
        ledger._transaction() as cursor,
    ):
        cursor.execute("ROLLBACK")
        ledger._connection.execute("SELECT 1")
        raise KeyError("the cause")
