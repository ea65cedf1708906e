"""Rules of the house that neither the import contracts nor the type checker can hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("expectations", "flows", "reports", "scrapers", "warehouse")
OF_FRAMES = {
    "scrapers/history/columns.py": {"named.rename(lambda name: f'={name}')"},
    "scrapers/history/expressions.py": {"column.replace(dict(lookups[declared.words]))"},
    "reports/downloads.py": {"""safe.rename(lambda name: re.sub(_FORMULA, "'\\\\g<0>", name))"""},
    "warehouse/text_safety.py": {"shown.rename(visible)"},
}
"""What only looks like a file that is renamed: the columns and the values of polars."""


def modules() -> dict[str, ast.Module]:
    """Every module of the project by its path."""
    found = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in found}


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, ast.Attribute]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node, node.func


def replaces_a_file(call: ast.Call, function: ast.Attribute) -> bool:
    """Whether it is a function of os or shutil, or a method of a Path: that of a str has two arguments."""
    if isinstance(function.value, ast.Name) and function.value.id in {"os", "shutil"}:
        return function.attr in {"rename", "renames", "replace", "fsync", "fdatasync", "move"}
    return function.attr in {"rename", "replace"} and len(call.args) == 1 and not call.keywords


def test_only_the_atomic_module_replaces_files() -> None:
    found = {
        path: {ast.unparse(call) for call, function in calls(tree) if replaces_a_file(call, function)}
        for path, tree in modules().items()
        if path != "warehouse/atomic.py"
    }
    assert {path: texts for path, texts in found.items() if texts} == OF_FRAMES
    atomic = ast.parse((ROOT / "warehouse" / "atomic.py").read_text(encoding="utf-8"))
    assert sum(replaces_a_file(*one) for one in calls(atomic)) > 4, "the rule sees what it is about"


@pytest.mark.parametrize("folder", [*PACKAGES, "benchmarks"])
def test_which_storage_it_is_is_asked_inside_the_storage_alone(folder: str) -> None:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found
    for path in found:
        if path.parent == ROOT / "warehouse" / "storage":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance":
                assert not {"Lake", "FileStorage"} & {
                    name.id for name in ast.walk(node) if isinstance(name, ast.Name)
                }, path
