"""The warehouse on DuckLake: the same tables, views and answers as in a file, written by many at once."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.warehouse.test_views import FIRST, offer, store
from warehouse import transfer
from warehouse.checksums import checksums
from warehouse.data_folder import LEDGER_FILE
from warehouse.errors import CopyRefused, LakeRefused, LedgerDamaged
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.schema import BY_NAME
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage, Storage, lake_extensions, lake_tables
from warehouse.storage.lake import Lake
from warehouse.storage.lake_tables import KEPT
from warehouse.transfer import copy
from warehouse.views import views
from warehouse.void_runs import declare_void

NIGHTS, OFFERS = 6, 40
WRITERS, COMMITS = 4, 25
CONNECT = "ducklake:postgres:host=127.0.0.1 user=postgres dbname=gpuledger"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of a few nights."""
    folder = tmp_path_factory.mktemp("filled")
    with Ledger(FileStorage(folder)) as ledger:
        fill(ledger)
    FileStorage(folder).publish()
    return folder


@pytest.fixture(scope="module")
def filled_lake(filled: Path, database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The same nights on a lake, for tests that only read."""
    lake = Lake.parse(f"ducklake:postgres:{database()}", str(tmp_path_factory.mktemp("lake")))
    copy(FileStorage(filled), lake)
    return lake


def fill(ledger: Ledger, nights: range = range(NIGHTS)) -> None:
    for night in nights:
        offers = [offer(1 + number / 100 + night % 2, key=f"{number:02}") for number in range(OFFERS)]
        store(ledger, night, "offers", offers)
        store(ledger, night, "terms", [term(night)], provider="q")


def test_a_void_run_counts_for_nothing_on_a_lake_either(filled: Path, lake: Lake) -> None:
    ahead = NIGHTS + 400
    with Ledger(lake) as ledger:
        fill(ledger)
        store(ledger, ahead, "offers", [offer(9.0, key="00")])
        declare_void(ledger, f"run-{ahead}-3-p", "wrong clock", now=FIRST, version="0")
    assert answers(lake) == answers(FileStorage(filled))
    with read_warehouse(lake) as connection:
        assert connection.sql("SELECT count(*) FROM offers WHERE usd_per_hour > 8").fetchall() == [(1,)]


def term(night: int) -> dict[str, object]:
    return {
        "tier": "Free",
        "term": "session_hours",
        "value_number": 12.0 - night % 3,
        "unit": "hours",
        "state": "present",
        "quote": "hours",
    }


def answers(
    place: Storage, at: datetime | None = None, names: Iterable[str] | None = None
) -> dict[str, list[str]]:
    with read_warehouse(place, at) as connection:
        return {view: sorted(map(repr, connection.table(view).fetchall())) for view in names or views()}


def test_a_copy_holds_the_same_rows_and_answers_alike_there_and_back_again(
    filled: Path, lake_in_s3: Lake, tmp_path: Path
) -> None:
    heard: list[str] = []
    rows = copy(FileStorage(filled), lake_in_s3, lambda table, _: heard.append(table))
    assert rows == sum(count for count, _ in checksums(filled / LEDGER_FILE).values())
    assert sorted(heard) == sorted(checksums(filled / LEDGER_FILE))
    assert lake_in_s3.checksums() == checksums(filled / LEDGER_FILE)
    assert answers(lake_in_s3) == answers(FileStorage(filled))
    copy(lake_in_s3, FileStorage(tmp_path / "back"))
    assert checksums(tmp_path / "back" / LEDGER_FILE) == checksums(filled / LEDGER_FILE)
    assert answers(FileStorage(tmp_path / "back")) == answers(FileStorage(filled))
    # Its catalog alone says where the files are.
    remembered = Lake(lake_in_s3.catalog)
    assert remembered.checksums() == lake_in_s3.checksums()
    with Ledger(remembered) as ledger:
        assert ledger.query("SELECT count(*) FROM offers").item() == NIGHTS * OFFERS
    with read_warehouse(remembered) as connection:
        assert connection.sql("SELECT count(*) FROM offers").fetchall() == [(NIGHTS * OFFERS,)]


def test_what_is_written_to_a_lake_is_what_a_file_would_hold(filled: Path, lake: Lake) -> None:
    with Ledger(lake) as ledger:
        fill(ledger)
        with Ledger(FileStorage(filled)) as file:
            assert ledger.current_scrapes() == file.current_scrapes()
            last = FIRST + timedelta(days=NIGHTS)
            assert ledger.last_good("p.s", last) == file.last_good("p.s", last) == {"offers": OFFERS}
    assert answers(lake) == answers(FileStorage(filled))


def test_a_scrape_is_stored_whole_or_not_at_all(lake: Lake) -> None:
    scrape = {"run_id": "r", "provider": "p", "source": "p.s", "slot": FIRST, "started_at": FIRST}
    with Ledger(lake) as ledger:
        with pytest.raises(duckdb.ConstraintException, match="finished_at"):
            store_without_end(ledger, scrape)
        fill(ledger, range(1))
    with read_warehouse(lake) as connection:
        assert connection.sql("SELECT DISTINCT source FROM findings").fetchall() == []
        assert connection.sql("SELECT count(*) FROM scrapes").fetchall() == [(2,)]


def store_without_end(ledger: Ledger, scrape: dict[str, object]) -> None:
    finding = {"run_id": "r", "source": "p.s", "slot": FIRST, "kind": "new_field", "subject": "x", "times": 1}
    findings = pl.DataFrame([finding], schema=BY_NAME["findings"].polars())
    ledger.append(ScrapeRecord(scrape, {"findings": findings}))


WRITE = f"""
import sys
from tests.warehouse.test_views import offer, store
from warehouse.storage.lake import Lake
from warehouse.ledger import Ledger
with Ledger(Lake(sys.argv[1], sys.argv[2])) as ledger:
    for commit in range({COMMITS}):
        offers = [offer(1.0, key=f"{{number}}") for number in range({OFFERS})]
        store(ledger, commit, "offers", offers, provider=f"writer-{{sys.argv[3]}}")
"""


def test_four_writers_lose_nothing_and_readers_see_whole_commits_only(lake: Lake) -> None:
    """Nothing made the lake before them: the four make it, too, at once."""
    command = [sys.executable, "-c", WRITE, lake.catalog, lake.data]
    writers = [subprocess.Popen([*command, str(number)]) for number in range(WRITERS)]
    seen: list[int] = []
    while any(writer.poll() is None for writer in writers):
        try:
            connection = read_warehouse(lake)
        except LakeRefused:
            assert not seen, "a lake that was there is refused"
            continue
        except duckdb.CatalogException:
            assert not seen, "a table that was there is gone"
            continue
        with connection:
            ((scrapes, offers),) = connection.sql(
                "SELECT (SELECT count(*) FROM scrapes), (SELECT count(*) FROM latest_offers)"
            ).fetchall()
            ((every,),) = connection.sql("SELECT count(*) FROM offers").fetchall()
        assert every == scrapes * OFFERS
        assert offers <= WRITERS * OFFERS
        seen.append(scrapes)
    assert [writer.returncode for writer in writers] == [0] * WRITERS
    assert seen == sorted(seen)
    assert len(set(seen)) > 2, "no reader came between the first commit and the last"
    with read_warehouse(lake) as connection:
        stored = connection.sql("""
            SELECT source, count(DISTINCT slot), count(*) FROM offers GROUP BY source ORDER BY source
        """).fetchall()
    assert stored == [(f"writer-{number}.s", COMMITS, COMMITS * OFFERS) for number in range(WRITERS)]


def test_a_reader_stays_at_the_moment_at_which_it_opened(lake: Lake) -> None:
    with Ledger(lake) as ledger:
        fill(ledger, range(1))
        with read_warehouse(lake) as connection:
            fill(ledger, range(1, 3))
            assert connection.sql("SELECT count(*) FROM offers").fetchall() == [(OFFERS,)]
        with read_warehouse(lake) as connection:
            assert connection.sql("SELECT count(*) FROM offers").fetchall() == [(3 * OFFERS,)]


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO lake.main.runs SELECT * FROM lake.main.runs",
        "DROP TABLE lake.main.offers",
        "SELECT * FROM read_csv('/etc/passwd')",
        "ATTACH 'elsewhere.duckdb'",
        "SET enable_external_access = true",
        "SELECT * FROM postgres_execute('__ducklake_metadata_lake', 'CREATE TABLE mine (i int)')",
        "SELECT * FROM ducklake_expire_snapshots('lake', older_than => now())",
    ],
)
def test_a_reader_changes_nothing_and_reads_no_other_files(filled_lake: Lake, query: str) -> None:
    with read_warehouse(filled_lake) as connection:
        with pytest.raises(duckdb.Error):
            connection.execute(query)
        assert connection.sql("SELECT count(*) FROM latest_offers").fetchall() == [(OFFERS,)]


def test_another_client_of_the_lake_finds_the_views_too(filled_lake: Lake) -> None:
    with filled_lake.open(read_only=True) as connection:
        for view in views():
            connection.execute(f"SELECT * FROM {view} LIMIT 1")
        assert connection.sql("SELECT count(*) FROM latest_offers").fetchall() == [(OFFERS,)]


@pytest.mark.parametrize("place", ["file", "lake"])
def test_the_past_is_what_was_there_then(place: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    where: Storage = FileStorage(tmp_path / "home") if place == "file" else request.getfixturevalue("lake")
    with Ledger(where) as ledger:
        fill(ledger, range(3))
    some = ("current_scrapes", "latest_offers", "price_daily", "price_changes", "terms_known")
    then = answers(where.publish(), names=some)
    # A scrape of these tests ends in the moment of its slot.
    at = FIRST + timedelta(days=2, hours=12)
    with Ledger(where) as ledger:
        fill(ledger, range(3, NIGHTS))
    now = where.publish()
    today = answers(now, names=some)
    assert answers(now, at, some) == then != today
    assert answers(now, datetime.now(UTC), some) == today
    with read_warehouse(now, at) as connection:
        assert connection.sql("SELECT count(*) FROM offers").fetchall() == [(3 * OFFERS,)]
        assert connection.sql("SELECT max(slot) < ?::TIMESTAMPTZ FROM scrapes", params=[at]).fetchall() == [
            (True,)
        ]
    with read_warehouse(now, FIRST - timedelta(days=1)) as connection:
        assert connection.sql("SELECT count(*) FROM latest_offers").fetchall() == [(0,)]


def test_compaction_merges_files_and_changes_no_row(lake: Lake) -> None:
    with Ledger(lake) as ledger:
        fill(ledger)
    rows, answered = lake.checksums(), answers(lake)
    assert files(lake) > 1
    with read_warehouse(lake) as reader:
        done = lake.compact(datetime.now(UTC))
        # A reader that was there before keeps its snapshot.
        assert reader.sql("SELECT count(*) FROM offers").fetchall() == [(NIGHTS * OFFERS,)]
    assert files(lake) == 1
    assert (lake.checksums(), answers(lake)) == (rows, answered)
    assert done.rows == sum(count for count, _ in rows.values())


def test_what_compaction_replaced_goes_when_no_reader_can_want_it(lake: Lake) -> None:
    with Ledger(lake) as ledger:
        fill(ledger)
    before = lake.checksums()
    lake.compact(datetime.now(UTC))
    assert snapshots(lake) > 1
    replaced = len(list(Path(lake.data).rglob("*.parquet")))
    later = datetime.now(UTC) + KEPT + timedelta(minutes=1)
    lake.compact(later)
    assert snapshots(lake) == 1
    assert len(list(Path(lake.data).rglob("*.parquet"))) < replaced
    assert lake.checksums() == before


def files(lake: Lake) -> int:
    """The files that the offers consist of."""
    with lake.open(read_only=True) as connection:
        asked = "SELECT file_count FROM ducklake_table_info('lake') WHERE table_name = 'offers'"
        ((number,),) = connection.sql(asked).fetchall()
    return int(number)


def snapshots(lake: Lake) -> int:
    with lake.open(read_only=True) as connection:
        ((number,),) = connection.sql("SELECT count(*) FROM ducklake_snapshots('lake')").fetchall()
    return int(number)


def test_a_copy_goes_into_an_empty_place_only_and_whole(
    filled: Path, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CopyRefused, match="there is no"):
        copy(FileStorage(tmp_path / "nothing"), lake)
    with pytest.raises(CopyRefused, match="a data folder into a lake"):
        copy(FileStorage(filled), FileStorage(tmp_path / "other"))

    def wrong(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, int]:
        ((place,),) = connection.execute("SELECT current_database()").fetchall()
        return (0, int(table == "terms" and place == lake_tables.NAME))

    with monkeypatch.context() as patched, pytest.raises(LedgerDamaged, match="copying terms"):
        patched.setattr(transfer, "checksum", wrong)
        copy(FileStorage(filled), lake)
    with pytest.raises(LakeRefused, match="has no ledger yet"):
        read_warehouse(lake)
    assert not list(Path(lake.data).rglob("*.parquet"))
    copy(FileStorage(filled), lake)
    with pytest.raises(CopyRefused, match="holds scrapes already"):
        copy(FileStorage(filled), lake)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("ducklake:sqlite:ledger.sqlite", "is not a warehouse; give ducklake:postgres:"),
        ("ducklake:postgres:", "is not a warehouse"),
        ("postgres:dbname=gpuledger", "is not a warehouse"),
        (f"{CONNECT} password=hunter2", "give it in PGPASSWORD"),
        ("postgres:dbname=gpuledger password=hunter2", "give it in PGPASSWORD"),
        ("ducklake:postgres:postgresql://me:hunter2@db/gpuledger", "give it in PGPASSWORD"),
    ],
)
def test_an_address_that_is_none_is_refused_without_its_password(address: str, why: str) -> None:
    with pytest.raises(LakeRefused, match=why) as refused:
        Lake.parse(address)
    assert "hunter2" not in str(refused.value)


def test_a_lake_that_cannot_be_used_says_why(
    lake: Lake, database: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(LakeRefused, match=r"there is no lake at .* yet"):
        lake.open(read_only=True)
    with pytest.raises(LakeRefused, match="GPULEDGER_WAREHOUSE_DATA"):
        Lake(lake.catalog).open()
    with pytest.raises(LakeRefused, match=r'cannot be opened: .*database "nowhere" does not exist'):
        Lake(f"{lake.catalog} dbname=nowhere").open()
    with Ledger(lake):
        pass
    with pytest.raises(LakeRefused, match="keeps its files elsewhere"):
        Lake(lake.catalog, str(tmp_path / "other")).open()
    Lake(lake.catalog).open(read_only=True).close()
    with (
        monkeypatch.context() as patched,
        pytest.raises(LakeRefused, match="pip install 'gpuledger"),
    ):
        patched.setattr(lake_extensions, "find_spec", lambda name: None)
        lake.open()


def test_tables_that_are_not_those_of_today_are_brought_up_to_date(lake: Lake) -> None:
    with Ledger(lake) as ledger:
        fill(ledger, range(1))
    with lake.open() as connection:
        connection.execute("UPDATE schema_versions SET definition = 'of another gpuledger'")
        connection.execute("DROP VIEW freshness")
        connection.execute("ALTER TABLE findings DROP COLUMN detail")
    with Ledger(lake) as ledger:
        assert ledger.query("SELECT count(*) FROM freshness").item()
        assert "detail" in ledger.query("FROM findings").columns
    before = snapshots(lake)
    with Ledger(lake):
        pass
    assert snapshots(lake) == before, "opening a lake of today writes to it"


COPY = """
import sys
from pathlib import Path
from warehouse.transfer import copy
from warehouse.storage import FileStorage
from warehouse.storage.lake import Lake
copy(FileStorage(Path(sys.argv[1])), Lake(sys.argv[2], sys.argv[3]))
"""


@pytest.mark.soak
def test_a_copy_that_is_killed_copies_nothing_and_can_be_started_again(
    filled: Path, database: Callable[[], str], tmp_path: Path
) -> None:
    moments = random.Random(1)
    for attempt in range(8):
        lake = Lake.parse(f"ducklake:postgres:{database()}", str(tmp_path / f"lake-{attempt}"))
        command = [sys.executable, "-c", COPY, str(filled), lake.catalog, lake.data]
        with subprocess.Popen(command) as process:
            time.sleep(moments.uniform(0.5, 4.0))
            process.kill()
            ended = process.wait()
        if ended:
            copy(FileStorage(filled), lake)
        assert lake.checksums() == checksums(filled / LEDGER_FILE)
