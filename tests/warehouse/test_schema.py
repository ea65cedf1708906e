"""The one declaration of the tables: consistent in itself, and what the ledger really holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from warehouse.ddl import dictionary
from warehouse.ledger import Ledger
from warehouse.schema import TABLES, Table
from warehouse.storage import FileStorage
from warehouse.views import views

# The ending of a name -> its unit; the first that fits holds.
UNITS = {
    "usd_per_gib_month": "USD/GiB/month",
    "usd_per_gib": "USD/GiB",
    "usd_per_hour": "USD/h",
    "usd_per_gpu_hour": "USD/h",
    "usd_per_month": "USD/month",
    "_gib": "GiB",
    "_days": "days",
}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_keys_and_groups_name_columns_that_exist(table: Table) -> None:
    named = {*table.key, *(name for group in table.together for name in group)}
    assert named <= table.by_name.keys()
    assert len(table.by_name) == len(table.columns), "two columns of one name"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_says_what_it_means_and_a_unit_in_a_name_is_its_unit(table: Table) -> None:
    assert table.columns
    for column in table.columns:
        assert re.search(r"[.)]$", column.meaning), f"{table.name}.{column.name}"
        units = [unit for ending, unit in UNITS.items() if column.name.endswith(ending)]
        assert not units or column.unit == units[0], f"{table.name}.{column.name}"


def test_the_ledger_holds_the_tables_as_declared_with_their_comments(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        stored = ledger.query(
            "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal"
        )
        made = ledger.query("SELECT view_name, comment FROM duckdb_views() WHERE NOT internal")
    comments = {(row["table_name"], row["column_name"]): row["comment"] for row in stored.to_dicts()}
    for table in TABLES:
        for column in table.columns:
            assert column.meaning in comments[table.name, column.name]
    said = {name: view.header.description for name, view in views().items()}
    assert dict(made.iter_rows()) == said


def test_the_dictionary_has_a_row_for_every_column() -> None:
    assert dictionary().height == sum(len(table.columns) for table in TABLES)
