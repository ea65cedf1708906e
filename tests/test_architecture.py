"""What no import contract can say: who reads the environment of the process, and who writes to it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("flows", "warehouse", "scrapers", "expectations", "reports")
READS = {
    "flows/runtime/installation.py": "builds the installation that a process is started for, once",
    "flows/scheduling/prefect_environment.py": "Prefect is configured through the environment of its process",
    "scrapers/browser.py": "`python -m scrapers.browser` is a command of its own, for setting up",
    "scrapers/crawl/__main__.py": "the process of a crawl has the keys of its sources in its environment",
    "scrapers/child_process.py": "says what child processes inherit of it",
    "warehouse/credentials.py": "libpq reads it at each connection, so a query is answered without it",
    "warehouse/storage/lake_extensions.py": "S3 is reached with the AWS_ variables, as libpq takes PG ones",
}
"""Modules that name the environment of the process, each with its reason."""
WRITES = {
    "flows/scheduling/prefect_environment.py": "Prefect reads it as it is imported and at each request",
    "warehouse/credentials.py": "a query must not find the credentials of the lake",
}
"""Those that change it, for the length of a block."""
_CHANGES = frozenset({"update", "pop", "setdefault", "clear", "popitem"})


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def is_environment(node: ast.AST) -> bool:
    """os.environ, os.getenv and their like, however `os` is named."""
    names = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and any(name.name in names for name in node.names)
    return isinstance(node, ast.Attribute) and node.attr in names


def is_write(node: ast.AST) -> bool:
    """An assignment to os.environ, a deletion from it, or a method of it that changes it."""
    if isinstance(node, ast.Attribute) and node.attr in {"putenv", "unsetenv"}:
        return True
    if isinstance(node, ast.Subscript):
        return is_environment(node.value) and not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in _CHANGES and is_environment(node.func.value)
    return False


def naming(what: object) -> set[str]:
    found = {module for module, tree in modules() if any(map(what, ast.walk(tree)))}  # type: ignore[call-overload]
    assert len(list(modules())) > 200
    return set(found)


def test_the_environment_is_read_where_a_process_starts_and_nowhere_else() -> None:
    assert naming(is_environment) == READS.keys()


def test_the_environment_is_written_to_by_none_but_these() -> None:
    assert naming(is_write) == WRITES.keys()


@pytest.mark.parametrize(
    "text", ["import os\nos.environ['A'] = 'b'", "from os import environ", "import os as o\no.getenv('A')"]
)
def test_the_environment_is_found_under_any_name(text: str) -> None:
    assert any(map(is_environment, ast.walk(ast.parse(text))))


def test_no_module_of_flows_takes_the_shipped_providers_for_those_of_its_installation() -> None:
    shipped_only = {"providers", "sources", "source", "shipped"}
    found = {
        module
        for module, tree in modules()
        for node in ast.walk(tree)
        if module.startswith("flows/")
        and isinstance(node, ast.ImportFrom)
        and node.module == "scrapers.registry"
        and any(name.name in shipped_only for name in node.names)
    }
    # The demo's web is that of the shipped providers, whatever else an installation has.
    assert found == {"flows/pipeline/demo.py"}
