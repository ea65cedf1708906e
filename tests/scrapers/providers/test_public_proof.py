"""Every parser is proved by tests that need nothing but a clone: our own fixtures, our own expected figures.

Tests over real captures skip where those are absent. Here the tests of each provider are read as text, to see
that each source has one that does without, and asserts a figure that the source is read for.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrapers.registry import Source, providers

TESTS = Path(__file__).parent
REAL = "captures_dir"
IN_FULL = "in_full"
FIGURES = {
    "offers": {"usd_per_hour", "usd_per_gpu_hour"},
    "plans": {"usd_per_month", "usd_once", "usd_per_unit"},
    "terms": {"value_number", "value_text", "state"},
    "utilisation": {"machines_rented", "share_rented"},
}
PARSED = [
    source
    for provider in providers().values()
    for source in provider.sources.values()
    if source.declared.format != "liveness"
]


def words(node: ast.AST) -> set[str]:
    """Every name, attribute, argument and text in a piece of code."""
    found: set[str] = set()
    for part in ast.walk(node):
        match part:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                found.add(name)
            case ast.Constant(value=str(text)):
                found.add(text)
    return found


def public_tests(file: Path) -> Iterator[set[str]]:
    """The words of each test of a file that does without real captures, what it calls there included."""
    module = ast.parse(file.read_text(encoding="utf-8"))
    defined: dict[str, ast.stmt] = {}
    for statement in module.body:
        match statement:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                defined[name] = statement
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                defined[name] = statement
    for name, statement in defined.items():
        if not name.startswith("test_"):
            continue
        met: set[str] = set()
        reached, ahead = set(), [statement]
        while ahead:
            met |= words(ahead.pop())
            new = (met & defined.keys()) - reached
            reached |= new
            ahead += [defined[word] for word in new]
        if REAL not in met:
            yield met


def unproved(source: Source, folder: Path) -> list[str]:
    """The tables of a good night of a source of which no public test asserts a figure."""
    names = {source.id, source.id.partition(".")[2]}
    tests = [met for file in sorted(folder.glob("test_*.py")) for met in public_tests(file) if met & names]
    return [
        table
        for table in source.declared.good
        if not any(met & (FIGURES[table] | {IN_FULL}) for met in tests)
    ]


@pytest.mark.parametrize("source", PARSED, ids=lambda source: source.id)
def test_every_source_is_proved_without_real_captures(source: Source) -> None:
    assert source.declared.good
    assert unproved(source, TESTS / source.id.partition(".")[0]) == []


@pytest.mark.parametrize(
    "text",
    [
        # Needs the real captures, by a fixture or by a function that it calls.
        "def test_it(captures_dir):\n    assert page.spot(captures_dir)['usd_per_hour'] == 1\n",
        "def read(captures_dir):\n    return page.spot(captures_dir)['usd_per_hour']\n"
        "def test_it():\n    assert read(1) == 1\n",
        # Asserts no figure, or is of another source.
        "def test_it():\n    assert page.spot(TEXT)\n",
        "def test_it():\n    assert page.on_demand(TEXT)['usd_per_hour'] == 1\n",
    ],
)
def test_what_proves_nothing_in_public_is_told(text: str, tmp_path: Path) -> None:
    (spot,) = [source for source in PARSED if source.id == "aws.spot"]
    (tmp_path / "test_page.py").write_text(text, encoding="utf-8")
    assert unproved(spot, tmp_path) == ["offers"]
    (tmp_path / "test_page.py").write_text(
        "def test_it():\n    assert page.spot(TEXT)['usd_per_hour'] == 1\n", encoding="utf-8"
    )
    assert unproved(spot, tmp_path) == []
