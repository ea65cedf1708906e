"""vast.ai's market: every chunk of every machine that can be rented, on demand and interruptible.

`usd_per_hour` is the price of the GPUs without storage in both rows of an offer (`dph_base` and
`min_bid`), so that the two compare; storage is priced apart in `storage_usd_per_gib_month`.

The book comes in pages that overlap, and the same offer can stand in several with different scores; the
highest is kept. A book with a hole is noted as truncated: it is never published as the whole market.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from scrapers.page import Capture, Document, FetchRequest, Notes, Payload, Record, Rejected, Row, each
from scrapers.providers.vast_ai.chunks import IGNORED, Chunk, machine_offers, read_chunk
from scrapers.providers.vast_ai.demand import utilisation
from scrapers.providers.vast_ai.search import follow, offers_of, shortfalls

__all__ = ["market", "market_follow", "utilisation"]

_BESIDE_OFFERS: Final = frozenset({"success", "gpu_names", "offers"})


def market_follow(request: FetchRequest, payload: Payload) -> Iterator[FetchRequest]:
    """The searches that an answer calls for: one a GPU name, then what did not fit on a page."""
    return follow(request, payload)


def market(documents: list[Document], notes: Notes) -> Iterator[Row | Rejected]:
    """Two offers (on demand and, where bids are taken, interruptible) a machine and chunk size."""
    payloads = [document for document in documents if isinstance(document, Payload)]
    for name, why in shortfalls(payloads):
        notes.add("truncated", name, why)
    for payload in payloads:
        for field in payload.value.keys() - _BESIDE_OFFERS:
            notes.add("new_field", field, "beside the offers")
    chunks: list[Chunk] = []
    for payload, offers in _distinct([payload for payload in payloads if payload.capture.asked]):
        read = _collector(payload.capture, notes, chunks)
        yield from each(offers, read, notes, table="offers", capture=payload.capture, ignored=IGNORED)
    yield from machine_offers(chunks, notes)


def _collector(capture: Capture, notes: Notes, chunks: list[Chunk]) -> Callable[[Record], Iterable[Row]]:
    """Reads a record into `chunks`; its rows come later, when the whole machine is known."""

    def read(record: Record) -> Iterable[Row]:
        chunks.append(read_chunk(record, capture, notes))
        return ()

    return read


def _distinct(searches: Sequence[Payload]) -> Iterator[tuple[Payload, list[Mapping[str, Any]]]]:
    """Every offer once, with the page where it scored highest; an offer without an id is kept as it is."""
    best: dict[Any, tuple[float, int]] = {}
    pages = [offers_of(payload) for payload in searches]
    for page, offers in enumerate(pages):
        for raw in offers:
            if raw.get("id") is not None:
                scored = (_score(raw), page)
                best[raw["id"]] = max(best.get(raw["id"], scored), scored)
    for page, payload in enumerate(searches):
        kept = {}
        for place, raw in enumerate(pages[page]):
            identity = raw.get("id")
            if identity is None:
                kept["no id", place] = raw
            elif best[identity] == (_score(raw), page):
                kept["id", identity] = raw
        yield payload, list(kept.values())


def _score(raw: Mapping[str, Any]) -> float:
    score = raw.get("score")
    return score if isinstance(score, int | float) and math.isfinite(score) else -math.inf
