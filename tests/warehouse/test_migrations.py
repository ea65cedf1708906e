"""Schema migrations: a ledger of the first released schema becomes one of today, and never the other way."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from warehouse.data_folder import LEDGER_FILE
from warehouse.ledger import Ledger
from warehouse.migrations import FIRST, LedgerNewer, bring_up_to_date, steps
from warehouse.schema import BY_NAME
from warehouse.storage import FileStorage
from warehouse.views import views

FIRST_SCHEMA = Path(__file__).with_name("schema_1.sql")
COLUMNS = """
    SELECT table_name, column_name, data_type, is_nullable, comment FROM duckdb_columns()
    WHERE NOT internal ORDER BY table_name, column_name
"""


@pytest.fixture
def first_released(tmp_path: Path) -> Path:
    """The data folder of a ledger that gpuledger 0.1 wrote, with a row in it."""
    with duckdb.connect(str(tmp_path / LEDGER_FILE)) as connection:
        connection.execute(FIRST_SCHEMA.read_text(encoding="utf-8"))
        connection.execute("""
            INSERT INTO findings VALUES ('run-1', 'p.s', '2026-01-01', 'new_field', 'watts', NULL, 2)
        """)
    return tmp_path


def test_a_ledger_of_the_first_released_schema_becomes_one_of_today(
    first_released: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with (
        Ledger(FileStorage(first_released)) as migrated,
        Ledger(FileStorage(tmp_path_factory.mktemp("new"))) as new,
    ):
        assert migrated.query(COLUMNS).rows() == new.query(COLUMNS).rows()
        assert migrated.query("SELECT subject, times FROM findings").rows() == [("watts", 2)]
        for view in views():
            migrated.query(f"SELECT * FROM {view} LIMIT 1")


def test_opening_again_changes_nothing(first_released: Path) -> None:
    for _ in range(2):
        with Ledger(FileStorage(first_released)) as ledger:
            versions = ledger.query("SELECT version FROM schema_versions")["version"].to_list()
    assert versions == [max(steps(), default=FIRST)]


def test_opening_a_ledger_of_today_writes_nothing(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)):
        pass
    before = (tmp_path / LEDGER_FILE).read_bytes()
    with Ledger(FileStorage(tmp_path)):
        pass
    assert (tmp_path / LEDGER_FILE).read_bytes() == before


@pytest.mark.parametrize("lost", ["VIEW volatility", "TABLE findings"])
def test_a_table_or_view_that_was_dropped_is_made_again(tmp_path: Path, lost: str) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        whole = ledger.query(COLUMNS).rows()
    with duckdb.connect(str(tmp_path / LEDGER_FILE)) as connection:
        connection.execute(f"DROP {lost}")
    with Ledger(FileStorage(tmp_path)) as ledger:
        assert ledger.query(COLUMNS).rows() == whole


def test_a_step_is_taken_once_and_only_by_a_ledger_that_lacks_it() -> None:
    two = {2: "UPDATE findings SET times = times + 10"}
    with duckdb.connect() as connection:
        connection.execute(FIRST_SCHEMA.read_text(encoding="utf-8"))
        connection.execute("INSERT INTO findings VALUES ('r', 'p.s', now(), 'new_field', 'watts', NULL, 2)")
        for known in ({}, two, two):
            bring_up_to_date(connection, known)
        assert connection.sql("SELECT times FROM findings").fetchall() == [(12,)]
        assert connection.sql("SELECT version FROM schema_versions ORDER BY 1").fetchall() == [(1,), (2,)]
    with duckdb.connect() as connection:
        bring_up_to_date(connection, {2: "a new ledger has nothing to migrate"})
        assert connection.sql("SELECT version FROM schema_versions").fetchall() == [(2,)]


def test_a_column_that_an_older_ledger_lacks_is_added_empty(first_released: Path) -> None:
    with duckdb.connect(str(first_released / LEDGER_FILE)) as connection:
        connection.execute("ALTER TABLE findings DROP COLUMN detail")
    with Ledger(FileStorage(first_released)) as ledger:
        (row,) = ledger.query("SELECT subject, detail FROM findings").rows()
        assert ledger.query("FROM findings").schema.keys() == set(BY_NAME["findings"].by_name)
    assert row == ("watts", None)


def test_a_ledger_of_a_newer_gpuledger_is_left_alone(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        newer = {"version": 999, "applied_at": datetime(2030, 1, 1, tzinfo=UTC)}
        ledger.append_rows("schema_versions", [newer])
    before = (tmp_path / LEDGER_FILE).read_bytes()
    with (
        pytest.raises(LedgerNewer, match="schema version 999 and this gpuledger knows"),
        Ledger(FileStorage(tmp_path)),
    ):
        pass
    assert (tmp_path / LEDGER_FILE).read_bytes() == before
