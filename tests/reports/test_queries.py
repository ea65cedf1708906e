"""The questions of the pages: asked again, each answers the same rows in the same order to the last digit."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import duckdb
import pytest

from reports.build import computed_once
from reports.queries import run_query
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage
from warehouse.views import views

FOLDER = resources.files("reports.queries")
NAMES = sorted(file.name.removesuffix(".sql") for file in FOLDER.iterdir() if file.name.endswith(".sql"))
TIMES = 4


@pytest.mark.parametrize("name", NAMES)
def test_a_question_has_one_answer(name: str, demo_home: Path) -> None:
    with read_warehouse(FileStorage(demo_home)) as connection:
        first = run_query(connection, name)
        for _ in range(TIMES):
            assert run_query(connection, name).equals(first)


@pytest.fixture(scope="module")
def kept(demo_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse as the site reads it, with what many pages ask worked out once."""
    with read_warehouse(FileStorage(demo_home), materialized=computed_once()) as connection:
        yield connection


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_answers_as_the_views_do(
    name: str, demo_home: Path, kept: duckdb.DuckDBPyConnection
) -> None:
    with read_warehouse(FileStorage(demo_home)) as connection:
        assert run_query(kept, name).equals(run_query(connection, name))


@pytest.mark.parametrize("view", views())
def test_a_view_has_one_answer(view: str, demo_home: Path) -> None:
    with read_warehouse(FileStorage(demo_home)) as connection:
        first = connection.sql(f"FROM {view} ORDER BY ALL").pl()
        for _ in range(TIMES):
            assert connection.sql(f"FROM {view} ORDER BY ALL").pl().equals(first)
