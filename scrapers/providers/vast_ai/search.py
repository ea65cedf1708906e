"""The walk through vast.ai's offer search: which query follows which answer, and what stays unseen.

A page holds at most 64 offers however large the limit (seen in August 2026), and there is no offset. So
every GPU name is searched by itself, with spaces, because the underscore form of the documentation
answers 200 and nothing. A page that comes back full is split by the number of GPUs, and what is still
full is read on upwards from the last price of the page. The descending page is a second witness: if the
server ever clamps lower than 64 without saying so, it shows offers that a page taken for whole lacks.

The walk has no state of its own: each query is its own memory.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from scrapers.page import FetchRequest, Json, PageBroken

NAMES: Final = "names"
SEARCH: Final = "https://console.vast.ai/api/v0/bundles/"
LIMIT: Final = 64

# No `verified`: its default hides unverified machines; the string `verification` of each offer tells.
# `rentable`: what is rented out may be left out of the book, because reading it too takes about 500
# requests, more than an hour at 10 a minute; a machine that is partly rented shows it by its free GPUs.
# `disable_bundling`: has left the documentation, but without it like offers of several machines used to be
# merged into one; should it be refused, the search fails loudly, and bundles that come anyway are noted.
# `allocated_storage`: the documented default, in GB; it moves dph_total only, and prices are dph_base.
_BOOK: Final[Mapping[str, Any]] = {
    "type": "on-demand",
    "rentable": {"eq": True},
    "disable_bundling": True,
    "allocated_storage": 8,
    "limit": LIMIT,
}
_ASCENDING: Final = [["dph_total", "asc"]]
_DESCENDING: Final = [["dph_total", "desc"]]
_USUAL_SIZES: Final = (1, 2, 4, 8)
_SAMPLE: Final = 8


def names_of(answer: Json) -> list[str]:
    """The GPU names of the market; raises PageBroken when the answer is not that list."""
    value = answer.value
    if not isinstance(value, dict) or not isinstance(value.get("gpu_names"), list) or not value["gpu_names"]:
        raise PageBroken(f"{answer.capture.url} lists no gpu_names")
    return [str(name) for name in value["gpu_names"]]


def offers_of(answer: Json) -> list[Mapping[str, Any]]:
    """The offers of a page; raises PageBroken when the answer is an error or something else."""
    value = answer.value
    offers = value.get("offers") if isinstance(value, dict) else None
    if not isinstance(offers, list) or not all(isinstance(offer, dict) for offer in offers):
        said = value.get("msg") or value.get("error") if isinstance(value, dict) else None
        raise PageBroken(f"{answer.capture.url} answered no offers ({said or 'and no reason'})")
    return offers


def follow(request: FetchRequest, answer: Json) -> Iterator[FetchRequest]:
    """The queries that an answer calls for."""
    if request.json is None:
        yield from (_search({"gpu_name": {"eq": name}}, _ASCENDING) for name in names_of(answer))
    elif request.json["order"] == _ASCENDING:
        offers, filters = offers_of(answer), _filters(request.json)
        if offers and len(filters) == 1:
            yield _search(filters, _DESCENDING)
        if len(offers) >= LIMIT:
            yield from _split(filters, offers)


def shortfalls(answers: Sequence[Json]) -> Iterator[tuple[str, str]]:
    """What the answers do not cover, as (GPU name, why); nothing when the whole book was read."""
    answered = {_key(answer.capture.asked) for answer in answers}
    if _key(None) not in answered:
        yield NAMES, "the list of GPU names is missing"
    for answer in answers:
        capture = answer.capture
        for request in follow(FetchRequest(capture.url, capture.label, capture.asked), answer):
            if _key(request.json) not in answered:
                yield _name(request.json), f"no answer to {request.label}"
        if capture.asked is not None and _stuck(capture.asked, answer):
            yield _name(capture.asked), f"{capture.label} stays full"
    yield from _contradicted(answers)


def _stuck(query: Mapping[str, Any], answer: Json) -> bool:
    offers = offers_of(answer)
    full = query["order"] == _ASCENDING and len(offers) >= LIMIT
    return full and not list(_split(_filters(query), offers))


def _contradicted(answers: Sequence[Json]) -> Iterator[tuple[str, str]]:
    """Names whose ascending page is not full, while the descending one shows a different half of the book.

    Offers come and go between two requests, so a few strangers mean nothing.
    """
    seen = {_key(answer.capture.asked): _ids(answer) for answer in answers if answer.capture.asked}
    for answer in answers:
        asked = answer.capture.asked
        if asked is None or asked["order"] != _DESCENDING:
            continue
        upwards = seen.get(_key({**asked, "order": _ASCENDING}), set())
        downwards = _ids(answer)
        if _SAMPLE <= len(upwards) < LIMIT and 2 * len(downwards - upwards) > len(downwards):
            yield _name(asked), f"a page of {len(upwards)} offers is not the whole answer"


def _split(filters: Mapping[str, Any], offers: Sequence[Mapping[str, Any]]) -> Iterator[FetchRequest]:
    """Smaller queries in place of one whose page is full; none where nothing smaller is known."""
    if "num_gpus" not in filters:
        for gpus in _USUAL_SIZES:
            yield _search({**filters, "num_gpus": {"eq": gpus}}, _ASCENDING)
        yield _search({**filters, "num_gpus": {"notin": list(_USUAL_SIZES)}}, _ASCENDING)
        return
    totals = [offer["dph_total"] for offer in offers if offer.get("dph_total") is not None]
    floor = filters["dph_total"]["gte"] if "dph_total" in filters else -math.inf
    # A page that is out of order, or that does not get past its own floor, leads nowhere.
    if len(totals) == len(offers) and totals == sorted(totals) and totals[-1] > floor:
        yield _search({**filters, "dph_total": {"gte": totals[-1]}}, _ASCENDING)


def _search(filters: Mapping[str, Any], order: list[list[str]]) -> FetchRequest:
    label = f"{filters['gpu_name']['eq']} {order[0][1]}"
    if "num_gpus" in filters:
        label += f" of {filters['num_gpus'].get('eq', 'other')} GPUs"
    if "dph_total" in filters:
        label += f" from {filters['dph_total']['gte']:g} USD/h"
    return FetchRequest(SEARCH, label, {**_BOOK, **filters, "order": order})


def _filters(query: Mapping[str, Any]) -> dict[str, Any]:
    return {field: query[field] for field in ("gpu_name", "num_gpus", "dph_total") if field in query}


def _ids(answer: Json) -> set[Any]:
    return {offer.get("id") for offer in offers_of(answer)}


def _name(query: Mapping[str, Any] | None) -> str:
    return str(query["gpu_name"]["eq"]) if query else NAMES


def _key(query: Mapping[str, Any] | None) -> str:
    return json.dumps(query, sort_keys=True)
