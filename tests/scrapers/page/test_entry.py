"""mypy compares every page's signature with its entry, although pages are imported by name at run time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = """
from collections.abc import Iterator, Sequence

from scrapers.page import Capture, FetchRequest, Html, Json, Notes, Row, offer, source_page


def next_page(request: FetchRequest, answer: Json) -> Iterator[FetchRequest]:
    yield request


@source_page(Json, follow=next_page)
def prices(documents: Sequence[Json], notes: Notes) -> Iterator[Row]:
    for document in documents:
        notes.add("unknown_gpu", str(document.value))
    yield from ()
"""
WRONG = {
    "documents_of_another_format": ("documents: Sequence[Json]", "documents: Sequence[Html]"),
    "one_document": ("documents: Sequence[Json]", "documents: Json"),
    "no_notes": (", notes: Notes) -> Iterator[Row]:", ") -> Iterator[Row]:\n    notes = Notes()"),
    "an_argument_more": ("notes: Notes)", "notes: Notes, region: str)"),
    "no_rows": ("Iterator[Row]:", "Iterator[str]:"),
    "no_types": ("(documents: Sequence[Json], notes: Notes) -> Iterator[Row]", "(documents, notes)"),
    "answers_of_another_format": ("answer: Json", "answer: Html"),
    "addresses_in_place_of_requests": (
        "-> Iterator[FetchRequest]:\n    yield request",
        "-> str:\n    return ''",
    ),
}


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What mypy says of the right page and of each wrong one, by name; one run for all."""
    folder = tmp_path_factory.mktemp("pages")
    pages = {"right": PAGE}
    for name, (right, wrong) in WRONG.items():
        assert PAGE.count(right) == 1, f"{name} changes nothing, or two things"
        pages[name] = PAGE.replace(right, wrong)
    for name, text in pages.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml")]
    # The project's own cache: without it mypy would first read every library that a page may import.
    files = [str(folder / f"{name}.py") for name in pages]
    found = subprocess.run(
        [*command, "--cache-dir", str(ROOT / ".mypy_cache"), "--no-error-summary", *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not found.stderr, found.stderr
    lines = found.stdout.splitlines()
    return {name: "\n".join(line for line in lines if f"{name}.py:" in line) for name in pages}


def test_mypy_accepts_a_page_of_the_right_signature(complaints: dict[str, str]) -> None:
    assert complaints["right"] == ""


@pytest.mark.parametrize("name", WRONG)
def test_mypy_refuses_a_page_of_a_wrong_signature(complaints: dict[str, str], name: str) -> None:
    assert "error:" in complaints[name]
