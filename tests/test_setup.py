"""The Pythons that the project is for: one lock for all of them, and a sentence for the others."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
VERSIONS = re.findall(r"^VERSIONS := (.*)$", MAKEFILE, re.MULTILINE)[0].split()
LOCK = (ROOT / "constraints.txt").read_text(encoding="utf-8")


def locked(version: str) -> dict[str, Requirement]:
    """What the lock installs on a version of Python, by name."""
    entries = (Requirement(line.removesuffix("\\")) for line in LOCK.splitlines() if line[:1].isalnum())
    return {canonicalize_name(one.name): one for one in entries if applies(one, version)}


def applies(requirement: Requirement, version: str, extra: str = "") -> bool:
    """Whether a requirement is one on a version of Python."""
    python = {"python_version": version, "python_full_version": f"{version}.9", "extra": extra}
    return requirement.marker is None or requirement.marker.evaluate({**default_environment(), **python})


def required(name: str, extras: set[str]) -> list[tuple[Requirement, str]]:
    """What an installed package asks for, each with the extra that it asks for it under."""
    try:
        asked = requires(name) or []
    except PackageNotFoundError:
        return []  # on another version of Python only
    return [(Requirement(one), extra) for one in asked for extra in ("", *extras)]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_lock_is_complete_on_every_version_of_python(version: str) -> None:
    lock = locked(version)
    declared = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
    asked = [Requirement(one) for one in [*declared, *PROJECT["project"]["optional-dependencies"]["lake"]]]
    seen: set[tuple[str, frozenset[str]]] = set()
    while asked:
        one = asked.pop()
        name = canonicalize_name(one.name)
        assert name in lock, f"{one} is not locked for Python {version}"
        (pin,) = lock[name].specifier
        assert one.specifier.contains(pin.version, prereleases=True), f"{one} is not what is locked"
        if (name, frozenset(one.extras)) not in seen:
            seen.add((name, frozenset(one.extras)))
            asked += [it for it, extra in required(name, one.extras) if applies(it, version, extra)]
    assert len(seen) > 150


def test_the_lock_has_hashes_and_names_no_place() -> None:
    entries = re.split(r"\n(?=\S)", LOCK.strip())
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r"https?:|file:|^-|/", LOCK, re.MULTILINE) == []


def test_the_versions_are_the_same_wherever_they_are_named() -> None:
    bounds = SpecifierSet(PROJECT["project"]["requires-python"])
    assert [minor for minor in range(30) if bounds.contains(f"3.{minor}.0")] == [
        int(version.removeprefix("3.")) for version in VERSIONS
    ]
    classified = [
        name.rpartition(" ")[2]
        for name in PROJECT["project"]["classifiers"]
        if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", name)
    ]
    assert classified == VERSIONS
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"Python {VERSIONS[0]} to {VERSIONS[-1]}" in readme
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == [VERSIONS[0], VERSIONS[-1]]


def make(*arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """What make says to arguments in a folder."""
    found = shutil.which("make")
    assert found
    # These tests may run under `make test`, and this make is not a part of it.
    outer = {name: value for name, value in os.environ.items() if name not in {"MAKELEVEL", "MAKEFLAGS"}}
    return subprocess.run(
        [found, *arguments],
        cwd=folder,
        env={**outer, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def python_that(does: str, path: Path) -> None:
    """A stand-in for an interpreter."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What `make setup` reads before it installs."""
    for name in ("Makefile", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize("version", ["2.7", "3.10", "3.15"])
@pytest.mark.parametrize("python", ["./python", ".venv/bin/python"])
def test_another_version_is_refused_in_a_sentence_before_anything_is_installed(
    python: str, version: str, clone: Path
) -> None:
    python_that(f'case "$*" in -c*) echo {version};; *) touch installed;; esac', clone / python)
    made = make("setup", "PYTHON=./python", folder=clone)
    assert made.returncode != 0
    assert made.stdout == ""
    assert [line for line in made.stderr.splitlines() if not line.startswith("make")] == [
        f"{python} is Python {version}, and gpuledger runs on Python {VERSIONS[0]} to {VERSIONS[-1]}: "
        "install one of them and type, for example, make clean setup PYTHON=python3.12"
    ]
    assert not (clone / "installed").exists()
    assert not (clone / ".venv" / ".ready").exists()


def test_no_python_at_all_is_refused_in_a_sentence(clone: Path) -> None:
    made = make("setup", "PYTHON=python-that-is-absent", folder=clone)
    assert made.returncode != 0
    assert "python-that-is-absent is not a Python, and gpuledger runs on" in made.stderr
    assert not (clone / ".venv").exists()


def test_setup_takes_the_oldest_python_that_works(tmp_path: Path) -> None:
    for name, how in (("python3.11", "exit 127"), ("python3.12", "exit 0"), ("python3.13", "exit 0")):
        python_that(how, tmp_path / name)
    shown = make("--eval", "shown: ; @/bin/echo $(PYTHON)", "shown", folder=ROOT, PATH=str(tmp_path))
    assert shown.stdout.strip() == "python3.12"
