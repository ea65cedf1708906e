"""CONTRIBUTING.md is followed from its first command to its last, in a copy of the clone."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
STEP = re.compile(r"^```(?P<kind>\w+)(?: (?P<path>\S+))?\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
NEW = "acme_gpus"
# What a clone has that the steps need; its environment is the one of this test.
PARTS = ("scrapers", "flows", "warehouse", "expectations", "reports", "tests", "docs")
FILES = ("pyproject.toml", "README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "prefect.yaml", "Makefile")
TOOLS = {"gpuledger": ("-m", "flows"), "pytest": ("-m", "pytest", "-q", "-p", "no:cacheprovider")}

pytestmark = pytest.mark.slow


def copied(folder: Path) -> Path:
    """A copy of the clone that a new provider can be added to."""
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=ignored)
    for file in FILES:
        shutil.copy(ROOT / file, folder)
    return folder


def run(clone: Path, command: str) -> str:
    """Run one command of the document in the copy, with this environment's tools; returns what it prints."""
    name, *arguments = shlex.split(command)
    argv = [sys.executable, *TOOLS[name], *arguments] if name in TOOLS else [name, *arguments]
    assert name in {*TOOLS, "rm"}, f"a step of CONTRIBUTING.md types {name}"
    environment = {**os.environ, "PYTHONPATH": str(clone), "GPULEDGER_HOME": str(clone / "data")}
    found = subprocess.run(argv, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, f"{command}\n{found.stdout}\n{found.stderr}"
    return found.stdout


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], set[Path]]:
    """The copy after every step, what each command printed, and the files that were there before."""
    clone = copied(tmp_path_factory.mktemp("clone"))
    before = {path for path in clone.rglob("*") if path.is_file()}
    printed: dict[str, str] = {}
    for step in STEP.finditer(TEXT):
        if step["kind"] == "console":
            for line in step["body"].splitlines():
                command = line.removeprefix("$ ")
                printed[command] = run(clone, command)
        else:
            assert step["path"], "a block of CONTRIBUTING.md does not say which file it is"
            path = clone / step["path"]
            assert path.is_file(), f"`providers new` did not write {step['path']}"
            path.write_text(step["body"], encoding="utf-8")
    return clone, printed, before


def test_every_step_of_the_document_succeeds_and_the_check_shows_the_rows(
    followed: tuple[Path, dict[str, str], set[Path]],
) -> None:
    _, printed, _ = followed
    assert [command.split()[0] for command in printed].count("gpuledger") == 3
    (shown,) = (text for command, text in printed.items() if "providers check" in command)
    assert f"{NEW}.prices: ok" in shown
    assert "large" in shown
    (tested,) = (text for command, text in printed.items() if command.endswith(f"providers/{NEW}"))
    assert "3 passed" in tested


def test_a_new_provider_needs_no_edit_outside_its_folders(
    followed: tuple[Path, dict[str, str], set[Path]],
) -> None:
    clone, _, before = followed
    own = (clone / "scrapers" / "providers" / NEW, clone / "tests" / "scrapers" / "providers" / NEW)
    for path in before:
        assert path.read_bytes() == (ROOT / path.relative_to(clone)).read_bytes()
    added = {path for path in clone.rglob("*") if path.is_file() and "__pycache__" not in path.parts} - before
    outside = {path for path in added if not any(path.is_relative_to(folder) for folder in own)}
    assert {path.relative_to(clone).parts[0] for path in outside} <= {"saved", "data"}
