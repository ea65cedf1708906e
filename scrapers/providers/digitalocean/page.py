"""DigitalOcean's price list of GPU Droplets: one table on demand, one spot, each with a GPU and a price.

A price is for the whole Droplet: "(8x)" behind a name has eight GPUs. The page names neither memory nor
region, and two cooling variants of one GPU are two Droplets. Seen in August 2026, when spot was a preview.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from scrapers.page import (
    Capture,
    Html,
    Notes,
    PageBroken,
    PageTable,
    Record,
    Rejected,
    Row,
    Unreadable,
    dollars,
    each,
    gpu_named,
    lookup,
    offer,
    source_page,
)

_HEADERS: Final = frozenset({"GPU", "Price"})
_DROPLET: Final = re.compile(r"^(?P<gpu>[^,(]+?)(?:, (?P<variant>[\w -]+?))?(?: \((?P<count>\d+)x\))?$")
_SOLD: Final = (("spot gpu droplet", "spot"), ("on-demand gpu droplet", "on_demand"))


@source_page(Html)
def droplets(pages: Sequence[Html], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers on demand and spot, one row a Droplet plan."""
    for page in pages:
        yield from _offers(page, notes)


def _offers(page: Html, notes: Notes) -> Iterator[Row | Rejected]:
    tables = [table for table in page.tables if set(table.headers) >= _HEADERS]
    if not tables or not all(table.rows for table in tables):
        raise PageBroken(f"{page.capture.url} has no table of GPU Droplets, or an empty one")
    for table in tables:
        pricing_model = _pricing_model(table)
        if pricing_model is None:
            notes.add("new_field", f"table {table.heading!r}", "prices of GPUs, sold in a way not known")
            continue
        read = partial(_offer, pricing_model=pricing_model)
        yield from each(table.records(), read, notes, table="offers", capture=page.capture)


def _pricing_model(table: PageTable) -> str | None:
    heading = table.heading.casefold()
    return next((model for words, model in _SOLD if words in heading), None)


def _offer(capture: Capture, record: Record, notes: Notes, *, pricing_model: str) -> Row:
    name, shown = record.take("GPU"), record.take("Price")
    match = _DROPLET.match(name)
    if match is None:
        raise Unreadable(f"{name!r} is no GPU Droplet")
    try:
        price = dollars(shown, period="hour")
    except ValueError as problem:
        raise Unreadable(str(problem)) from None
    meant = lookup("digitalocean", "gpus")["gpus"].get(match["gpu"], match["gpu"])
    gpu = gpu_named(meant, notes).columns() | {"gpu_as_shown": match["gpu"]}
    return offer(
        capture,
        offer_key=name,
        instance_type=name,
        pricing_model=pricing_model,
        usd_per_hour=price.amount,
        price_as_shown=shown,
        gpu_count=int(match["count"] or 1),
        **gpu,
    )
