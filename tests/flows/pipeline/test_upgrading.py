"""A ledger of an older release, upgraded, verifies as it did before: columns are compared by their names."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from expectations.gate import Good
from flows.history.facts import load_facts
from flows.operations import derivation
from flows.operations.derivation import judged
from flows.operations.verify import verify
from flows.pipeline.ingest import ingest
from flows.pipeline.replay import _differs
from flows.runtime.installation import Installation
from scrapers.archive.exchange import Exchange
from scrapers.archive.writer import ArchiveWriter, FetchOutcome, archive_path, read_archive
from scrapers.parse import reading_of
from scrapers.registry import source
from tests.flows.pipeline.test_ingest import feed
from warehouse.checksums import checksums
from warehouse.data_folder import LEDGER_FILE
from warehouse.ledger import Ledger
from warehouse.maintenance import compact
from warehouse.migrations import FIRST, steps
from warehouse.storage import FileStorage

RELEASED = sorted((Path(__file__).parents[2] / "warehouse").glob("schema_*.sql"))
SLOT = datetime(2026, 11, 10, 3, tzinfo=UTC)
SPOT = source("aws.spot")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a night of prices and the dated facts, each with its archive."""
    with Ledger(FileStorage(tmp_path)):
        pass
    monkeypatch.setattr(derivation, "_good", lambda *_, **__: {"offers": Good(1, 100, 0.0, {})})
    writer = ArchiveWriter(archive_path(tmp_path, SPOT.id, SLOT, "run-12345678"), source=SPOT.id, slot=SLOT)
    body = feed(("p3.2xlarge", "3.06"), ("p4d.24xlarge", "32.77"), ("g4dn.xlarge", "0.52"))
    json_type = [("Content-Type", "application/json")]
    writer.write(Exchange(SPOT.requests[0].url, SLOT, body, json_type, label=SPOT.requests[0].label))
    archive = read_archive(writer.seal(FetchOutcome(SPOT.id, SLOT, SLOT, SLOT, ok=True)), tmp_path)
    reading = reading_of(SPOT, archive, slot=SLOT, run_id="run-12345678")
    with Ledger(FileStorage(tmp_path)) as ledger:
        (record,) = ingest(SPOT, {SLOT: reading}, ledger, run_id="run-12345678")
        assert record.scrape["status"] == "ok", record.scrape["error"]
        load_facts(ledger, tmp_path, run_id="run-12345678", at=SLOT)
    FileStorage(tmp_path).publish()
    return tmp_path


def states(home: Path) -> dict[str, str]:
    return {
        f"{verdict.source} {verdict.figure}": verdict.state for verdict in verify(Installation(home), [SLOT])
    }


def upgraded(home: Path) -> None:
    with Ledger(FileStorage(home)):
        pass
    FileStorage(home).publish()


def put_back(home: Path, schema: str) -> None:
    """Make the ledger one of an older schema, with the rows that it has."""
    today, older = home / LEDGER_FILE, home / "older.duckdb"
    with duckdb.connect(str(older)) as connection:
        connection.execute(schema)
        connection.execute(f"ATTACH '{today}' AS today (READ_ONLY)")
        for (table,) in connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'older'"
        ).fetchall():
            columns = set(connection.table(table).columns) & set(connection.table(f"today.{table}").columns)
            if table != "schema_versions":
                names = ", ".join(columns)
                connection.execute(f"INSERT INTO {table} BY NAME SELECT {names} FROM today.{table}")
    older.replace(today)


def test_every_released_schema_but_the_newest_is_kept() -> None:
    versions = {FIRST, *steps()}
    assert {f"schema_{version}.sql" for version in versions - {max(versions)}} <= {
        file.name for file in RELEASED
    }


@pytest.mark.parametrize("schema", RELEASED, ids=lambda path: path.stem)
def test_a_ledger_of_a_released_schema_verifies_after_the_upgrade(home: Path, schema: Path) -> None:
    before = states(home)
    assert set(before.values()) == {"MATCH"}
    put_back(home, schema.read_text(encoding="utf-8"))
    upgraded(home)
    assert states(home) == before


def test_a_column_that_an_upgrade_added_is_no_difference(home: Path) -> None:
    before = states(home)
    # Of the two one has a value in every row that is derived today, the other has none.
    with duckdb.connect(str(home / LEDGER_FILE)) as connection:
        for column in ("offer_id", "region"):
            connection.execute(f"ALTER TABLE offers DROP COLUMN {column}")
    upgraded(home)
    assert states(home) == before
    archive = read_archive(next((home / "raw").rglob("aws.spot*")), home)
    reading = reading_of(SPOT, archive, slot=SLOT, run_id="again")
    (read,) = judged(SPOT, {SLOT: reading}, {}, run_id="again")
    with Ledger(FileStorage(home)) as ledger:
        assert ledger.query("SELECT DISTINCT region FROM offers")["region"].to_list() == [None]
        # A replay corrects the rows that lack the value, and is content once they have it.
        assert _differs(read, ledger)
        ledger.append(read)
        assert not _differs(read, ledger)
    FileStorage(home).publish()
    assert states(home) == before
    with duckdb.connect(str(home / LEDGER_FILE)) as connection:
        connection.execute("UPDATE offers SET region = 'elsewhere' WHERE run_id = 'again'")
    upgraded(home)
    assert states(home)["aws.spot offers: 3 rows"] == "MISMATCH"


def test_the_checksum_of_a_table_does_not_depend_on_the_order_of_its_columns(home: Path) -> None:
    upgraded(home)
    sums = checksums(home / LEDGER_FILE)
    with duckdb.connect(str(home / LEDGER_FILE)) as connection:
        columns = ", ".join(reversed(connection.table("scrapes").columns))
        connection.execute(f"CREATE TABLE turned AS SELECT {columns} FROM scrapes")
        connection.execute("DROP TABLE scrapes CASCADE")
        connection.execute("ALTER TABLE turned RENAME TO scrapes")
    assert checksums(home / LEDGER_FILE) == sums
    compact(home)
    assert checksums(home / LEDGER_FILE) == sums
    assert set(states(home).values()) == {"MATCH"}
