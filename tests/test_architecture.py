"""Rules of the house that neither the import contracts nor the type checker can hold."""

from __future__ import annotations

import ast
import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from warehouse.errors import GpuledgerError

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("expectations", "flows", "reports", "scrapers", "warehouse")
OF_FRAMES = {
    "scrapers/history/columns.py": {"named.rename(lambda name: f'={name}')"},
    "scrapers/history/expressions.py": {"column.replace(dict(lookups[declared.words]))"},
    "scrapers/history/row_builder.py": {
        "prices(frame[price.column], price).rename(lambda name: f'@{name}')",
    },
    "reports/downloads.py": {"""safe.rename(lambda name: re.sub(_FORMULA, "'\\\\g<0>", name))"""},
    "warehouse/text_safety.py": {"shown.rename(visible)"},
}
"""What only looks like a file that is renamed: the columns and the values of polars."""

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

INTERNAL = {
    "expectations.suites.GateBroken": "Great Expectations did not judge: a defect, with its traceback",
    "flows.runtime.interruption.Interrupted": "a signal, which ends the process with the shell's own code",
    "flows.scheduling.deployment.RunCrashed": "ends a flow run of Prefect, whose page has the reason",
    "flows.scheduling.prefect_guard.RequestRefused": "an HTTP status for a client of the server",
    "scrapers.archive.exchange.BodyTooLarge": "the reason in an outcome, stored with the source",
    "scrapers.archive.http_coding.BodyBroken": "the reason in an outcome, stored with the source",
    "scrapers.crawl.job_state.NotArchived": "tells Scrapy to leave a request out",
    "scrapers.crawl.ssrf_guard.AddressRefused": "tells Scrapy to leave a request out",
    "scrapers.crawl.transfer.HeadTooLarge": "the reason in an outcome, stored with the source",
    "scrapers.page.record.PageBroken": "the error of a failed scrape, stored with the source",
    "scrapers.page.record.Unreadable": "the reason of a row in quarantine",
    "scrapers.parser_process.ParsingStopped": "the error of a failed scrape, stored with the source",
}
"""Errors that no user can act on at a command, and what becomes of them; all others are GpuledgerError."""


@cache
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


def errors() -> dict[str, type[BaseException]]:
    """Every exception that a module of the project defines, by its full name."""
    found: dict[str, type[BaseException]] = {}
    for package in PACKAGES:
        for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
            classes = [one for one in vars(import_module(module.name)).values() if isinstance(one, type)]
            for one in classes:
                if issubclass(one, BaseException) and one.__module__ == module.name:
                    found[f"{module.name}.{one.__name__}"] = one
    return found


def test_every_error_that_a_user_can_act_on_has_one_root() -> None:
    found = errors()
    acted_on = {name: error for name, error in found.items() if issubclass(error, GpuledgerError)}
    assert sorted(found.keys() - acted_on.keys()) == sorted(INTERNAL)
    assert len(acted_on) > 20
    for name, error in acted_on.items():
        problem = error("it is wrong", advice="do this")
        assert (problem.message, problem.advice) == ("it is wrong", "do this"), name
        assert str(problem) == "it is wrong; do this", name
        # 1 is what a command answers whose question is answered with no, such as `verify`.
        assert problem.exit_code >= 2, name
        assert error.__doc__, name


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
    found = {module for module, tree in modules().items() if any(map(what, ast.walk(tree)))}  # type: ignore[call-overload]
    assert len(modules()) > 200
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
        for module, tree in modules().items()
        for node in ast.walk(tree)
        if module.startswith("flows/")
        and isinstance(node, ast.ImportFrom)
        and node.module == "scrapers.registry"
        and any(name.name in shipped_only for name in node.names)
    }
    # The demo's web is that of the shipped providers, whatever else an installation has.
    assert found == {"flows/pipeline/demo.py"}


def test_no_two_classes_have_one_name() -> None:
    named: dict[str, list[str]] = {}
    for module, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                named.setdefault(node.name, []).append(module)
    assert len(named) > 100
    assert {name: where for name, where in named.items() if len(where) > 1} == {}
