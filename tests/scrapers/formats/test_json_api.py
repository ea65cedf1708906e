from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from scrapers.declaration import SourceDeclared
from scrapers.formats import format_of, page_module
from scrapers.formats.json_api import JsonApi
from scrapers.page import Capture, FetchRequest, FollowFunction, Json, PageBroken, SourcePage
from scrapers.registry import Source


def capture(body: bytes) -> Capture:
    at = datetime(2026, 11, 20, 3, 17, tzinfo=UTC)
    return Capture("acme.prices", "https://acme.example/prices", at, 200, "application/json", body)


@pytest.fixture
def prices() -> Source:
    declared = SourceDeclared.model_validate(
        {
            "title": "Prices",
            "format": "json_api",
            "request": [{"url": "https://acme.example/prices"}],
            "good": {"offers": {"rows_at_least": 1}},
        }
    )
    return Source("acme", "prices", declared)


def read_by(follow: FollowFunction[Json] | None) -> SimpleNamespace:
    """A page module whose page of `prices` follows answers like that."""
    return SimpleNamespace(prices=SourcePage(Json, lambda documents, notes: (), follow))


def next_page(request: FetchRequest, payload: Json) -> Iterator[FetchRequest]:
    if payload.value["next"]:
        yield FetchRequest(payload.value["next"])


def test_an_answer_is_decoded() -> None:
    (document,) = JsonApi().documents([capture(b'{"offers": [{"usd": 0.45}]}')])
    assert isinstance(document, Json)
    assert document.value == {"offers": [{"usd": 0.45}]}


@pytest.mark.parametrize("body", [b"<!doctype html><title>Just a moment</title>", b"", b'{"offers": ['])
def test_anything_but_json_is_a_broken_page_though_its_status_is_200(body: bytes) -> None:
    with pytest.raises(PageBroken, match=r"https://acme\.example/prices answered no JSON") as broken:
        JsonApi().documents([capture(body)])
    assert body[:20].decode() in str(broken.value)


def test_the_page_says_what_is_asked_next(prices: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "page_module", lambda provider: read_by(next_page))
    first = FetchRequest("https://acme.example/prices")
    more, last = capture(b'{"next": "https://acme.example/prices?page=2"}'), capture(b'{"next": null}')
    assert format_of(prices).follow(prices, first, more) == [
        FetchRequest("https://acme.example/prices?page=2")
    ]
    assert format_of(prices).follow(prices, first, last) == []


def test_a_page_without_a_follow_function_is_one_request(
    prices: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "page_module", lambda provider: read_by(None))
    request = FetchRequest("https://acme.example/prices")
    assert JsonApi().follow(prices, request, capture(b"no JSON at all")) == []
