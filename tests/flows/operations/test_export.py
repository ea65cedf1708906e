"""The export: every row of every table, by month, whole or not at all, readable by other engines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from flows.operations.export import ExportRefused, export
from flows.runtime.installation import Installation
from tests.warehouse.test_views import offer, store
from warehouse.ledger import Ledger
from warehouse.schema import TABLES
from warehouse.storage import FileStorage


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one night in each of three months."""
    folder = tmp_path_factory.mktemp("home")
    with Ledger(FileStorage(folder)) as ledger:
        for day in (0, 30, 61):
            store(ledger, day, "offers", [offer(1.5 + day), offer(None, key="b")])
    FileStorage(folder).publish()
    return folder


def test_every_row_is_in_the_file_of_its_month(home: Path, tmp_path: Path) -> None:
    exported = {one.table: one for one in export(Installation(home), tmp_path / "lake")}
    assert exported.keys() == {table.name for table in TABLES}
    assert (exported["offers"].rows, exported["offers"].files) == (6, 3)
    months = sorted(path.parent.name for path in (tmp_path / "lake" / "offers").rglob("*.parquet"))
    assert months == ["month=2026-09", "month=2026-10", "month=2026-11"]
    read = pl.read_parquet(tmp_path / "lake" / "offers" / "**" / "*.parquet", hive_partitioning=True)
    assert sorted(read["usd_per_gpu_hour"].drop_nulls()) == [1.5, 31.5, 62.5]
    assert read["usd_per_gpu_hour"].null_count() == 3


def test_every_table_has_a_file_with_its_columns_rows_or_not(home: Path, tmp_path: Path) -> None:
    exported = export(Installation(home), tmp_path / "lake")
    assert any(not one.rows for one in exported)
    assert all(one.files for one in exported)
    for table in TABLES:
        files = list((tmp_path / "lake" / table.name).rglob("*.parquet"))
        read = duckdb.sql(f"FROM read_parquet({list(map(str, files))}, hive_partitioning = true)")
        month = ["month"] if "slot" in table.by_name else []
        assert sorted(read.columns) == sorted([*table.by_name, *month]), table.name


def test_a_second_export_takes_the_place_of_the_first_and_of_nothing_else(home: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    export(Installation(home), lake)
    first = sorted(str(path.relative_to(lake)) for path in lake.rglob("*"))
    export(Installation(home), lake)
    assert sorted(str(path.relative_to(lake)) for path in lake.rglob("*")) == first
    assert [path.name for path in tmp_path.iterdir()] == ["lake"]
    (lake / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ExportRefused, match=r"holds notes\.txt"):
        export(Installation(home), lake)
    assert (lake / "notes.txt").exists()


def test_an_export_that_breaks_leaves_the_former_one(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "lake"
    export(Installation(home), lake)
    before = sorted(lake.rglob("*"))
    monkeypatch.setattr("flows.operations.export._copy", lambda table, target: "COPY nothing TO 'nowhere'")
    with pytest.raises(duckdb.Error):
        export(Installation(home), lake)
    assert sorted(lake.rglob("*")) == before
    assert [path.name for path in tmp_path.iterdir()] == ["lake"]


def test_the_command_says_what_it_wrote(home: Path, tmp_path: Path, gpuledger_anew: Any) -> None:
    ran = gpuledger_anew("export", "--home", home, tmp_path / "lake")
    assert ran.returncode == 0, ran.stderr
    assert "offers" in ran.stdout
    assert (tmp_path / "lake" / "runs" / "runs.parquet").is_file()


def test_spark_reads_what_was_exported(home: Path, tmp_path: Path) -> None:
    spark_sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    export(Installation(home), tmp_path / "lake")
    spark = spark_sql.SparkSession.builder.master("local[1]").getOrCreate()
    try:
        offers = spark.read.parquet(str(tmp_path / "lake" / "offers"))
        assert offers.where("month = '2026-10'").count() == 2
        assert offers.selectExpr("max(usd_per_gpu_hour)").first()[0] == 62.5
    finally:
        spark.stop()
