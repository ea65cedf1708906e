"""What a new provider begins with passes the checks that it must pass when it is finished."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scrapers.declaration import FormatName
from scrapers.formats import FORMATS, format_of
from scrapers.registry import load_provider, providers
from scrapers.skeleton import ProviderRefused, SkeletonPlace, clone, write_skeleton

ROOT = Path(__file__).parents[2]
FORMAT_NAMES = sorted(FORMATS)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> SkeletonPlace:
    """A clone's two folders, with a new provider of each format."""
    folder = tmp_path_factory.mktemp("clone")
    here = SkeletonPlace(folder / "providers", folder / "tests")
    for name in FORMAT_NAMES:
        write_skeleton(f"new_{name}", name, here, ())
    return here


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_a_new_provider_is_declared_and_off(place: SkeletonPlace, name: FormatName) -> None:
    new = load_provider(place.providers / f"new_{name}")
    (source,) = new.sources.values()
    assert not new.declared.enabled
    assert new.declared.why_disabled
    assert source.declared.format == name
    assert source.requests[0].url.startswith(f"https://new-{name.replace('_', '-')}.example/")


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_it_has_the_parts_that_its_format_needs(place: SkeletonPlace, name: FormatName) -> None:
    folder = place.providers / f"new_{name}"
    assert (folder / "page.py").is_file() == (name not in {"price_table", "liveness"})
    assert (folder / "simulated.py").is_file() == (name != "liveness")
    assert bool(list(place.tests_of(folder.name).glob("prices.*"))) == (name != "liveness")


def test_its_files_are_in_the_projects_one_format_and_typed(place: SkeletonPlace) -> None:
    config = ROOT / "pyproject.toml"
    files = [str(path) for path in place.providers.rglob("*.py")]
    pages = [path for path in files if path.endswith("page.py")]
    assert len(pages) == len(FORMATS) - 2
    for command in (
        ("ruff", "check", "--no-cache", "--config", str(config), *files),
        ("ruff", "format", "--no-cache", "--check", "--config", str(config), *files),
        ("mypy", "--config-file", str(config), "--cache-dir", str(ROOT / ".mypy_cache"), *_as_modules(pages)),
    ):
        found = subprocess.run(
            [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert found.returncode == 0, found.stdout + found.stderr


def _as_modules(pages: list[str]) -> list[str]:
    """Copies with names of their own: mypy knows a file outside a package by its name alone."""
    copies = [Path(page).with_name(f"page_of_{Path(page).parent.name}.py") for page in pages]
    for page, copy in zip(pages, copies, strict=True):
        copy.write_bytes(Path(page).read_bytes())
    return [str(copy) for copy in copies]


def test_the_tests_of_an_installations_own_provider_pass(tmp_path: Path) -> None:
    own = SkeletonPlace(tmp_path / "providers")
    formats = [name for name in FORMAT_NAMES if name != "liveness"]
    tests = [
        path
        for name in formats
        for path in write_skeleton(f"own_{name}", name, own, ())
        if path.name == "test_page.py"
    ]
    assert len(tests) == len(formats)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        str(ROOT / "pyproject.toml"),
    ]
    found = subprocess.run(
        [*command, f"--rootdir={tmp_path}", *map(str, tests)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout
    assert f"{3 * len(formats)} passed" in found.stdout


@pytest.mark.parametrize(
    "bad", ["", "a", "Acme", "acme-gpus", "2acme", "../acme", "acme gpus", "class", "a" * 41]
)
def test_a_bad_id_is_refused_with_a_good_one_as_the_example(tmp_path: Path, bad: str) -> None:
    with pytest.raises(ProviderRefused, match="such as acme_gpus"):
        write_skeleton(bad, "price_table", SkeletonPlace(tmp_path), ())
    assert list(tmp_path.iterdir()) == []


def test_an_id_that_is_taken_is_refused_and_nothing_is_overwritten(tmp_path: Path) -> None:
    with pytest.raises(ProviderRefused, match="there is a provider 'aws' already"):
        write_skeleton("aws", "price_table", SkeletonPlace(tmp_path), providers())
    written = write_skeleton("acme_gpus", "price_table", SkeletonPlace(tmp_path), ())
    written[1].write_text("mine", encoding="utf-8")
    with pytest.raises(ProviderRefused, match="already"):
        write_skeleton("acme_gpus", "json_api", SkeletonPlace(tmp_path), ())
    assert written[1].read_text(encoding="utf-8") == "mine"


def test_a_clone_has_a_place_for_providers_and_their_tests() -> None:
    place = clone()
    assert place is not None
    assert place.tests_of("aws") == ROOT / "tests" / "scrapers" / "providers" / "aws"
    assert not place.own


def test_a_price_table_needs_no_page(place: SkeletonPlace) -> None:
    (source,) = load_provider(place.providers / "new_price_table").sources.values()
    assert callable(format_of(source).page(source))
