"""Every recipe of the cookbook runs on the demo, answers, and reads the gold views alone."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.cookbook import Recipe, recipes
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage

Gpuledger = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.name)
def test_a_recipe_answers(recipe: Recipe, demo_home: Path) -> None:
    assert recipe.question.endswith("?")
    with read_warehouse(FileStorage(demo_home)) as connection:
        rows = connection.execute(recipe.query).fetchall()
        again = [connection.execute(recipe.query).fetchall() for _ in range(5)]
    assert rows, "no rows"
    assert all(each == rows for each in again), "its answer depends on who was first"


def test_there_are_twenty_and_the_page_shows_them_all(demo_site: Path) -> None:
    text = (demo_site / "cookbook.html").read_text(encoding="utf-8")
    assert len(recipes()) >= 20
    assert all(f'id="{recipe.name}"' in text for recipe in recipes())
    assert "No rows here." not in text


def test_the_colab_recipe_gives_the_figures_of_its_time(demo_home: Path) -> None:
    (recipe,) = [recipe for recipe in recipes() if recipe.name.endswith("colab-hours")]
    with read_warehouse(FileStorage(demo_home)) as connection:
        hours = {row[0]: row[3] for row in connection.execute(recipe.query).fetchall()}
    assert hours["2022-09-30"] == pytest.approx(51.0, abs=0.1)
    assert hours["2024-04-10"] == pytest.approx(54.3, abs=0.1)
    assert hours["2026-03-10"] == pytest.approx(84.0, abs=0.1)
