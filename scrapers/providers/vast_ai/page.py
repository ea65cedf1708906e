"""vast.ai's market: every chunk of every machine that can be rented, on demand and interruptible.

`usd_per_hour` is the price of the GPUs without storage in both rows of an offer (`dph_base` and
`min_bid`), so that the two compare; storage is priced apart in `storage_usd_per_gib_month`.

The book comes in pages that overlap, and the same offer can stand in several with different scores; the
highest is kept. A book with a hole is noted as truncated: it is never published as the whole market.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from scrapers.page import Capture, Json, Notes, Record, Rejected, Row, each, source_page
from scrapers.providers.vast_ai.chunks import IGNORED, Chunk, machine_offers, read_chunk
from scrapers.providers.vast_ai.demand import utilisation
from scrapers.providers.vast_ai.search import follow, offers_of, shortfalls

__all__ = ["market", "utilisation"]

_BESIDE_OFFERS: Final = frozenset({"success", "gpu_names", "offers"})


@source_page(Json, follow=follow)
def market(answers: Sequence[Json], notes: Notes) -> Iterator[Row | Rejected]:
    """Two offers (on demand and, where bids are taken, interruptible) a machine and chunk size."""
    for name, why in shortfalls(answers):
        notes.add("truncated", name, why)
    for answer in answers:
        for field in answer.value.keys() - _BESIDE_OFFERS:
            notes.add("new_field", field, "beside the offers")
    chunks: list[Chunk] = []
    # Their rows come later, when each whole machine is known.
    collect = partial(_collect, chunks=chunks)
    for answer, offers in _distinct([answer for answer in answers if answer.capture.asked]):
        yield from each(offers, collect, notes, table="offers", capture=answer.capture, ignored=IGNORED)
    yield from machine_offers(chunks, notes)


def _collect(capture: Capture, record: Record, notes: Notes, *, chunks: list[Chunk]) -> tuple[Row, ...]:
    chunks.append(read_chunk(record, capture, notes))
    return ()


def _distinct(searches: Sequence[Json]) -> Iterator[tuple[Json, list[Mapping[str, Any]]]]:
    """Every offer once, with the page where it scored highest; an offer without an id is kept as it is."""
    best: dict[Any, tuple[float, int]] = {}
    pages = [offers_of(answer) for answer in searches]
    for page, offers in enumerate(pages):
        for raw in offers:
            if raw.get("id") is not None:
                scored = (_score(raw), page)
                best[raw["id"]] = max(best.get(raw["id"], scored), scored)
    for page, answer in enumerate(searches):
        kept = {}
        for place, raw in enumerate(pages[page]):
            identity = raw.get("id")
            if identity is None:
                kept["no id", place] = raw
            elif best[identity] == (_score(raw), page):
                kept["id", identity] = raw
        yield answer, list(kept.values())


def _score(raw: Mapping[str, Any]) -> float:
    score = raw.get("score")
    return score if isinstance(score, int | float) and math.isfinite(score) else -math.inf
