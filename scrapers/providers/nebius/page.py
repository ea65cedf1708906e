"""Nebius's pricing page: its tables stand as an escaped JavaScript string, not as HTML.

Prices are per GPU; the preemptible column comes before the one on demand, so columns go by their headers. A
dash and "Contact us" are prices that are not stated, and "from $1.82" is the least of a range, so no price.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from scrapers.page import (
    Capture,
    Html,
    Notes,
    PageBroken,
    Record,
    Rejected,
    Row,
    Unreadable,
    dollars,
    each,
    gpu_named,
    offer,
    source_page,
)

_BLOCK: Final = re.compile(r'"title":"NVIDIA GPU Instances".{0,400}?"content":(\[\[.*?\]\])', re.DOTALL)
_COLUMNS: Final = {"Preemptible, GPU-hour": "spot", "On-demand, GPU-hour": "on_demand"}
_ITEM: Final = "Item"
_NOT_STATED: Final = re.compile(r"^[-–—]+$|Contact us")
_PROCESSOR: Final = re.compile(r" with \w+ CPU$")
# Of one GPU's share or a range of shapes; of no use without the shape.
_IGNORED: Final = frozenset({"vCPUs", "RAM, GB"})


@source_page(Html)
def prices(pages: Sequence[Html], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers per GPU, one row a GPU and way of selling; a price that is not stated stays unknown."""
    for page in pages:
        match = _BLOCK.search(page.html.replace('\\"', '"'))
        if match is None:
            raise PageBroken(f"{page.capture.url} has no block of NVIDIA GPU instances")
        headers, *rows = json.loads(match[1])
        if _ITEM not in headers or not _COLUMNS.keys() & set(headers) or not rows:
            raise PageBroken(f"the block of GPU instances has other columns: {', '.join(headers)}")
        records = (dict(zip(headers, row, strict=False)) for row in rows)
        yield from each(records, _offers, notes, table="offers", capture=page.capture, ignored=_IGNORED)


def _offers(capture: Capture, record: Record, notes: Notes) -> Iterator[Row]:
    name = record.take(_ITEM)
    gpu = gpu_named(_PROCESSOR.sub("", name), notes).columns() | {"gpu_as_shown": name}
    for header, pricing_model in _COLUMNS.items():
        shown = record.take(header)
        price: Decimal | None = None
        if not _NOT_STATED.search(shown):
            try:
                price = dollars(shown, period="hour").amount
            except ValueError as problem:
                raise Unreadable(str(problem)) from None
        yield offer(
            capture,
            offer_key=name,
            instance_type=name,
            pricing_model=pricing_model,
            usd_per_hour=price,
            price_as_shown=shown,
            gpu_count=1,
            **gpu,
        )
