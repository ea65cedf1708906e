"""The walk through the offer search, against books that hold more than a page."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import Any

import pytest

from scrapers.page import Capture, FetchRequest, Json, PageBroken
from scrapers.providers.vast_ai.search import LIMIT, SEARCH, follow, shortfalls

AT = datetime(2026, 9, 21, 3, tzinfo=UTC)
NAMES_ASK = FetchRequest("https://console.vast.ai/api/v0/gpu_names/unique/", "names")
Offer = dict[str, Any]


def payload(ask: FetchRequest, value: Any) -> Json:
    return Json(Capture("vast_ai.market", ask.url, AT, 200, "", b"", label=ask.label, asked=ask.json), value)


def server(book: list[Offer], ask: FetchRequest, clamp: int = LIMIT) -> Any:
    """What a server that honours the query answers; `clamp` is its own page limit."""
    if ask.json is None:
        return {"success": True, "gpu_names": sorted({offer["gpu_name"] for offer in book})}
    query = ask.json
    found = [offer for offer in book if offer["gpu_name"] == query["gpu_name"]["eq"]]
    for field, condition in query.items():
        if field == "num_gpus":
            allowed = condition.get("notin", [])
            found = [
                o for o in found if o[field] == condition.get("eq", o[field]) and o[field] not in allowed
            ]
        if field == "dph_total":
            found = [o for o in found if o[field] >= condition["gte"]]
    found.sort(key=lambda offer: offer["dph_total"], reverse=query["order"][0][1] == "desc")
    return {"offers": found[: min(clamp, query["limit"])]}


def walk(book: list[Offer], clamp: int = LIMIT) -> list[Json]:
    asks, answers = deque([NAMES_ASK]), []
    while asks:
        ask = asks.popleft()
        answers.append(payload(ask, server(book, ask, clamp)))
        asks.extend(follow(ask, answers[-1]))
        assert len(answers) < 1000, "the walk does not end"
    return answers


def book_of(count: int, *, gpus: tuple[int, ...] = (1,), cents_apart: float = 1.0) -> list[Offer]:
    return [
        {
            "id": number,
            "gpu_name": "RTX 4090",
            "num_gpus": gpus[number % len(gpus)],
            "dph_total": round(0.3 + number // len(gpus) * cents_apart / 100, 4),
        }
        for number in range(count)
    ]


def ids(answers: list[Json]) -> set[int]:
    return {offer["id"] for answer in answers for offer in answer.value.get("offers", [])}


def test_names_are_searched_one_by_one_with_their_spaces() -> None:
    asks = list(follow(NAMES_ASK, payload(NAMES_ASK, {"gpu_names": ["RTX 4090", "H100 SXM"]})))
    assert [ask.label for ask in asks] == ["RTX 4090 asc", "H100 SXM asc"]
    query = asks[0].json
    assert query is not None
    assert (asks[0].method, asks[0].url) == ("POST", SEARCH)
    assert query["gpu_name"] == {"eq": "RTX 4090"}
    assert query["order"] == [["dph_total", "asc"]]
    assert query["limit"] == LIMIT
    assert "verified" not in query


def test_a_name_without_offers_costs_one_request_and_one_with_a_page_two() -> None:
    assert len(walk(book_of(10))) == 3
    asks = list(follow(NAMES_ASK, payload(NAMES_ASK, {"gpu_names": ["Tesla K80"]})))
    assert list(follow(asks[0], payload(asks[0], {"offers": []}))) == []


@pytest.mark.parametrize(
    "book",
    [
        book_of(LIMIT - 1),
        book_of(LIMIT),
        book_of(5 * LIMIT),
        book_of(9 * LIMIT, gpus=(1, 2, 4, 8, 6, 3)),
        book_of(6 * LIMIT, cents_apart=0.02),
    ],
    ids=["under a page", "exactly a page", "one size", "odd sizes", "close prices"],
)
def test_the_walk_reads_the_whole_book(book: list[Offer]) -> None:
    answers = walk(book)
    assert ids(answers) == {offer["id"] for offer in book}
    assert list(shortfalls(answers)) == []


def test_more_offers_at_one_price_than_a_page_holds_end_the_walk_and_are_told() -> None:
    answers = walk(book_of(3 * LIMIT, cents_apart=0))
    assert len(ids(answers)) < 3 * LIMIT
    told = list(shortfalls(answers))
    assert told
    assert {name for name, _ in told} == {"RTX 4090"}
    assert "stays full" in told[0][1]


def test_a_server_that_forgets_the_order_ends_the_walk_and_is_told() -> None:
    ask = next(follow(NAMES_ASK, payload(NAMES_ASK, {"gpu_names": ["RTX 4090"]})))
    assert ask.json is not None
    sized = FetchRequest(SEARCH, "one GPU", {**ask.json, "num_gpus": {"eq": 1}})
    unsorted = payload(sized, {"offers": list(reversed(book_of(LIMIT)))})
    assert list(follow(sized, unsorted)) == []
    assert ("RTX 4090", "one GPU stays full") in list(shortfalls([unsorted]))


def test_a_page_limit_that_the_server_lowers_in_silence_is_told() -> None:
    told = list(shortfalls(walk(book_of(60), clamp=20)))
    assert told == [("RTX 4090", "a page of 20 offers is not the whole answer")]


def test_a_few_offers_that_came_between_two_pages_are_no_shortfall() -> None:
    answers = walk(book_of(20))
    descending = next(a for a in answers if a.capture.label == "RTX 4090 desc")
    descending.value["offers"].append(book_of(21)[-1])
    assert list(shortfalls(answers)) == []


@pytest.mark.parametrize("value", [{}, {"gpu_names": []}, {"gpu_names": None}, ["RTX 4090"]])
def test_without_names_there_is_no_market(value: Any) -> None:
    with pytest.raises(PageBroken):
        list(follow(NAMES_ASK, payload(NAMES_ASK, value)))
