"""A market of any size in the true shape: the demo's machines, copied with ids of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any

from scrapers.page import Capture
from scrapers.providers.vast_ai import simulated
from scrapers.providers.vast_ai.search import LIMIT, SEARCH
from scrapers.simulation import SimulatedNight

SLOT = datetime(2026, 11, 20, 3, tzinfo=UTC)
SOURCE = "vast_ai.market"
_APART = 100_000


@cache
def _once(index: int) -> list[dict[str, Any]]:
    """What the search of one simulated night shows, each offer once."""
    night = SimulatedNight(index, SLOT, SLOT + timedelta(minutes=17))
    seen = {}
    for answer in simulated.answers(night):
        if answer.asked:
            seen |= {offer["id"]: offer for offer in json.loads(answer.body)["offers"]}
    return list(seen.values())


def offers(size: int, index: int = 10) -> list[dict[str, Any]]:
    """So many offers of one moment; a machine is the same one at every index."""
    found: list[dict[str, Any]] = []
    for copy in count():
        for offer in _once(index):
            if len(found) == size:
                return found
            apart = copy * _APART
            ids = {name: offer[name] + 100 * apart for name in ("id", "ask_contract_id", "bundle_id")}
            machine = {name: offer[name] + apart for name in ("machine_id", "host_id")}
            gpus = [gpu + 10 * apart for gpu in offer["gpu_ids"]]
            found.append({**offer, **ids, **machine, "gpu_ids": gpus})
    raise AssertionError("count() has no end")


def pages(size: int, index: int = 10) -> Iterator[bytes]:
    """The offers as the search gives them, on pages of 64."""
    book = sorted(offers(size, index), key=lambda offer: (offer["gpu_name"], offer["dph_total"]))
    for start in range(0, size, LIMIT):
        yield json.dumps({"offers": book[start : start + LIMIT]}).encode()


def captures(bodies: list[bytes]) -> list[Capture]:
    """The pages as captures of the market's source."""
    return [
        Capture(SOURCE, SEARCH, SLOT, 200, "application/json", body, label=f"page {page}", asked=_asked(page))
        for page, body in enumerate(bodies)
    ]


def _asked(page: int) -> dict[str, Any]:
    return {"gpu_name": {"eq": f"page {page}"}, "order": [["dph_total", "desc"]], "limit": LIMIT}
