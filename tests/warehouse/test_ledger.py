"""The ledger: a scrape is stored whole or not at all, and readers always find a whole copy."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from warehouse.data_folder import LEDGER_FILE, WAREHOUSE_FILE
from warehouse.errors import LedgerBusy, LedgerDamaged
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.schema import BY_NAME, TABLES
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage

SLOT = datetime(2026, 11, 20, 3, tzinfo=UTC)


def scrape(
    run_id: str = "run-1", *, slot: datetime = SLOT, status: str = "ok", **changes: Any
) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "provider": "p",
        "source": "p.s",
        "slot": slot,
        "started_at": slot,
        "finished_at": slot + timedelta(minutes=1),
        "status": status,
        "error": None,
        "rows_parsed": 1,
        "rows_accepted": 1,
        "rows_quarantined": 0,
        "capture_ids": ["c"],
        "robots": "absent",
        "parser_version": "v1",
        **changes,
    }


def offers(
    run_id: str = "run-1", *, slot: datetime = SLOT, prices: tuple[float | None, ...] = (1.5,)
) -> pl.DataFrame:
    rows = [
        {
            "observed_at": slot,
            "slot": slot,
            "run_id": run_id,
            "provider": "p",
            "source": "p.s",
            "capture_id": "c",
            "parser_version": "v1",
            "offer_key": f"offer-{number}",
            "pricing_model": "on_demand",
            "usd_per_gpu_hour": price,
            "currency": "USD",
            "availability": "unknown",
            "source_url": "https://example.com",
        }
        for number, price in enumerate(prices)
    ]
    return pl.DataFrame(rows, schema=BY_NAME["offers"].polars())


def record(run_id: str = "run-1", **changes: Any) -> ScrapeRecord:
    slot = changes.get("slot", SLOT)
    return ScrapeRecord(scrape(run_id, **changes), {"offers": offers(run_id, slot=slot)})


def test_every_declared_table_exists_with_its_comments(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        comments = ledger.query(
            "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal"
        )
    described = {(row["table_name"], row["column_name"]): row["comment"] for row in comments.to_dicts()}
    assert described
    for table in TABLES:
        for column in table.columns:
            assert column.meaning in described[table.name, column.name]


def test_a_row_comes_back_as_it_went_in(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        ledger.append(record())
        stored = ledger.query("SELECT * FROM offers")
    assert stored["usd_per_gpu_hour"].to_list() == [1.5]
    assert stored["slot"].dt.convert_time_zone("UTC").to_list() == [SLOT]
    assert stored["gpu_model"].to_list() == [None]


def test_a_scrape_that_breaks_half_way_leaves_nothing(tmp_path: Path) -> None:
    broken = ScrapeRecord(scrape(), {"offers": offers(), "plans": pl.DataFrame({"no_such_column": [1]})})
    with Ledger(FileStorage(tmp_path)) as ledger:
        with pytest.raises(duckdb.Error):
            ledger.append(broken)
        assert ledger.query("SELECT count(*) AS n FROM offers")["n"].item() == 0
        assert ledger.query("SELECT count(*) AS n FROM scrapes")["n"].item() == 0
        ledger.append(record())
        assert ledger.query("SELECT count(*) AS n FROM offers")["n"].item() == 1


def test_a_missing_mandatory_value_is_refused(tmp_path: Path) -> None:
    nameless = offers().with_columns(pl.lit(None, dtype=pl.String).alias("offer_key"))
    with Ledger(FileStorage(tmp_path)) as ledger, pytest.raises(duckdb.ConstraintException):
        ledger.append(ScrapeRecord(scrape(), {"offers": nameless}))


def test_a_success_stays_current_after_a_later_failure(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        ledger.append(record("run-1"))
        ledger.append(ScrapeRecord(scrape("run-2", status="failed", finished_at=SLOT + timedelta(hours=2))))
        assert ledger.current_scrapes()["p.s", SLOT].status == "ok"


def test_without_a_success_the_newest_failure_is_current(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        ledger.append(ScrapeRecord(scrape(status="failed")))
        later = scrape("run-2", status="failed", finished_at=SLOT + timedelta(hours=2), parser_version="v2")
        ledger.append(ScrapeRecord(later))
        assert ledger.current_scrapes()["p.s", SLOT].parser_version == "v2"


def test_last_good_counts_rows_of_the_newest_ok_scrape_before_a_slot(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        for days, status, count in ((3, "ok", 5), (2, "ok", 4), (1, "partial", 9)):
            slot = SLOT - timedelta(days=days)
            run_id = f"run-{days}"
            frames = {"offers": offers(run_id, slot=slot, prices=(1.0,) * count)}
            ledger.append(ScrapeRecord(scrape(run_id, slot=slot, status=status), frames))
        assert ledger.last_good("p.s", SLOT) == {"offers": 4}
        assert ledger.last_good("p.s", SLOT - timedelta(days=3)) == {}


def test_a_correction_replaces_what_it_corrects_in_the_views_only(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        ledger.append(ScrapeRecord(scrape("run-1"), {"offers": offers("run-1", prices=(1.0, 2.0))}))
        corrected = scrape("run-2", finished_at=SLOT + timedelta(days=9))
        ledger.append(ScrapeRecord(corrected, {"offers": offers("run-2", prices=(1.25,))}))
        assert ledger.query("FROM current_offers")["usd_per_gpu_hour"].to_list() == [1.25]
        assert ledger.query("FROM offers").height == 3


def test_a_second_writer_is_told_that_the_ledger_is_busy(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys\n"
        "from warehouse.errors import LedgerBusy\n"
        "from warehouse.ledger import Ledger\n"
        "from warehouse.storage import FileStorage\n"
        "try:\n    Ledger(FileStorage(pathlib.Path(sys.argv[1])))\n"
        "except LedgerBusy as busy:\n    print(busy)\n"
    )
    with Ledger(FileStorage(tmp_path)):
        told = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
        )
    assert "another program has ledger.duckdb open" in told.stdout
    assert LedgerBusy.__doc__


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / LEDGER_FILE).write_bytes(b"this is not a database" * 1000)
    with pytest.raises(LedgerDamaged, match=LEDGER_FILE):
        Ledger(FileStorage(tmp_path))


def test_a_reader_keeps_its_copy_while_a_new_one_is_published(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        ledger.append(record("run-1"))
    FileStorage(tmp_path).publish()
    code = (
        "import duckdb, sys\n"
        "connection = duckdb.connect(sys.argv[1], read_only=True)\n"
        "print('open', flush=True)\n"
        "input()\n"
        "print(connection.sql('SELECT count(*) FROM offers').fetchone()[0])\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / WAREHOUSE_FILE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "open\n"
        with Ledger(FileStorage(tmp_path)) as ledger:
            ledger.append(record("run-2", slot=SLOT + timedelta(days=1)))
        FileStorage(tmp_path).publish()
        seen, _ = reader.communicate("\n")
    assert seen == "1\n"
    with read_warehouse(FileStorage(tmp_path)) as connection:
        assert connection.sql("SELECT count(*) FROM offers").fetchone() == (2,)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    "attack",
    [
        "SELECT * FROM read_csv('/etc/hostname')",
        "SELECT * FROM '/etc/hostname'",
        "ATTACH '/tmp/elsewhere.duckdb'",
        "COPY (SELECT 1) TO '/tmp/elsewhere.csv'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CREATE TABLE t (a INTEGER)",
        "DELETE FROM offers",
        "SET enable_external_access = true",
    ],
)
def test_the_published_copy_answers_questions_and_nothing_else(tmp_path: Path, attack: str) -> None:
    with Ledger(FileStorage(tmp_path)):
        pass
    FileStorage(tmp_path).publish()
    with read_warehouse(FileStorage(tmp_path)) as connection, pytest.raises(duckdb.Error):
        connection.execute(attack)
