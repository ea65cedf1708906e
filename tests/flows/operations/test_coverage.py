"""docs/coverage.md is generated: a new provider is never typed into a document by hand."""

from __future__ import annotations

from pathlib import Path

from flows.operations.coverage import coverage, outdated
from flows.runtime.installation import Installation
from flows.runtime.settings import Settings
from scrapers.registry import PROVIDERS, providers
from scrapers.skeleton import SkeletonPlace, write_skeleton

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "coverage.md"


def test_the_coverage_page_says_what_the_demo_has_read(demo_home: Path) -> None:
    assert outdated(Installation(demo_home), DOCUMENT) == ""


def test_a_new_provider_makes_the_page_outdated_and_make_docs_writes_it(
    demo_home: Path, tmp_path: Path
) -> None:
    own = SkeletonPlace(tmp_path / "providers")
    write_skeleton("acme_gpus", "price_table", own, ())
    installation = Installation(demo_home, Settings(providers=own.providers))
    assert "run `make docs`" in outdated(installation, DOCUMENT)
    again = tmp_path / "coverage.md"
    again.write_text(coverage(installation), encoding="utf-8")
    assert outdated(installation, again) == ""
    added = set(again.read_text(encoding="utf-8").splitlines()) - set(
        DOCUMENT.read_text(encoding="utf-8").splitlines()
    )
    (line,) = added
    assert line.startswith("| Acme Gpus | off |")


def test_make_docs_writes_the_page_that_the_check_reads() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "flows.operations.coverage data/demo > docs/coverage.md" in makefile


def test_readme_lists_no_providers_and_links_the_list() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    coverage_section = text.partition("## Coverage")[2].partition("\n## ")[0]
    assert "(docs/coverage.md)" in coverage_section
    titles = {provider.declared.title for provider in providers().values()}
    assert len(titles) == len(list(PROVIDERS.glob("*/provider.toml")))
    assert [title for title in sorted(titles) if title in coverage_section] == []
