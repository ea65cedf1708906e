from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from scrapers import registry
from scrapers.declaration import FormatName
from scrapers.formats import FORMATS, format_of
from scrapers.formats.page_module import page_of
from scrapers.page import Capture, Html, Json, PageBroken
from scrapers.registry import Source, sources
from tests.loopback import Declared, declare_provider

AT = datetime(2026, 11, 20, tzinfo=UTC)
PAGES = """
from scrapers.page import Html, Json, source_page


@source_page(Json)
def right(documents, notes):
    return ()


@source_page(Html)
def of_another_format(documents, notes):
    return ()


def plain(documents, notes):
    return ()
"""


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Source]:
    """Sources of two providers of a folder: one with pages, one whose page.py cannot be imported."""
    monkeypatch.setattr(registry._package, "__path__", [*registry._package.__path__, str(tmp_path)])
    json_api = Declared("json_api", ['url = "https://acme.example"'])
    names = ("right", "of_another_format", "plain", "missing")
    declare_provider(tmp_path, "paged", dict.fromkeys(names, json_api), PAGES)
    declare_provider(tmp_path, "unpaged", {"unimportable": json_api}, "import nothing_of_this_name")
    loaded = [registry.load_provider(tmp_path / name) for name in ("paged", "unpaged")]
    return {name: source for provider in loaded for name, source in provider.sources.items()}


def test_every_format_that_can_be_declared_is_there() -> None:
    assert set(FORMATS) == set(get_args(FormatName))


def test_a_page_is_found_by_its_sources_name(declared: dict[str, Source]) -> None:
    assert page_of(declared["right"], Json).document is Json


@pytest.mark.parametrize("name", ["of_another_format", "plain", "missing"])
def test_a_page_of_another_type_or_none_is_told_with_what_to_write(
    declared: dict[str, Source], name: str
) -> None:
    with pytest.raises(PageBroken, match=rf"page\.py has no page for paged\.{name} .*@source_page\(Json\)"):
        page_of(declared[name], Json)


def test_a_page_that_cannot_be_imported_is_told(declared: dict[str, Source]) -> None:
    with pytest.raises(PageBroken, match=r"unpaged/page\.py cannot be imported .*nothing_of_this_name"):
        page_of(declared["unimportable"], Html)


@pytest.mark.parametrize("name", ["right", "plain", "missing", "unimportable"])
def test_what_was_fetched_is_archived_whatever_its_page_is(declared: dict[str, Source], name: str) -> None:
    assert not format_of(declared[name]).has_follow(declared[name])


def test_a_service_that_is_only_watched_needs_no_page() -> None:
    watched = [source for source in sources() if source.declared.format == "liveness"]
    assert watched
    for source in watched:
        request = source.requests[0]
        capture = Capture(
            source.id, request.url, datetime(2026, 11, 20, tzinfo=UTC), 200, "text/html", b"<p>back</p>"
        )
        assert not format_of(source).has_follow(source)
        assert format_of(source).follow(source, request, capture) == []
