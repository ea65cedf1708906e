"""Tables of Google's pricing pages: machine types, and a price for the region that is selected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
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
    country_of,
    dollars,
    each,
    gibibytes,
    gpu_named,
    lookup,
    offer,
)

_MACHINE: Final = "Machine type"
_SELECTED: Final = "[role=option][aria-selected=true]::attr(data-value)"
_REGION: Final = re.compile(r"\(([a-z]+-[a-z]+\d+)\)")
_COUNTED: Final = re.compile(r"^(?P<family>[a-z0-9]+-[a-z]+)-(?P<count>\d+)g(?:-\w+)?$")
_COLUMNS: Final = (("Default", "on_demand"), ("Current Spot", "spot"), ("Spot", "spot"))

Machine = tuple[str, int]
Sold = Callable[[PageTable, str], str | None]


def machine_of(machine_type: str) -> Machine | None:
    """GPU and count of a machine type, None for one without whole GPUs."""
    known = lookup("google_cloud", "machines")
    listed = known["types"].get(machine_type)
    if listed:
        return listed["gpu"], listed["count"]
    match = _COUNTED.match(machine_type)
    gpu = known["families"].get(match["family"]) if match else None
    return (gpu, int(match["count"])) if match and gpu else None


def shown_offers(page: Html, sold: Sold, notes: Notes) -> Iterator[Row | Rejected]:
    """Offers of every table with machine types and a price; raises PageBroken without table or region.

    `sold` says of a table's column how what it prices is sold, None where it is no such price.
    """
    region = _region(page)
    tables = [(table, *column) for table in page.tables if (column := _price_column(table, sold))]
    if not tables or region is None:
        raise PageBroken(f"{page.capture.url} has no {'prices of machine types' if not tables else 'region'}")
    for table, header, pricing_model in tables:
        read = partial(_offer, header=header, pricing_model=pricing_model, region=region)
        machines = (row for row in table.records() if machine_of(row[_MACHINE]) is not None)
        others = frozenset(table.headers)
        yield from each(machines, read, notes, table="offers", capture=page.capture, ignored=others)


def by_header(table: PageTable, header: str) -> str | None:
    """How a column of Compute Engine's pages is sold, by its header."""
    return next((model for words, model in _COLUMNS if header.startswith(words)), None)


def _price_column(table: PageTable, sold: Sold) -> tuple[str, str] | None:
    if _MACHINE not in table.headers:
        return None
    found = ((header, model) for header in table.headers if (model := sold(table, header)))
    return next(found, None)


def _region(page: Html) -> str | None:
    named = [match[1] for value in page.css(_SELECTED).getall() if (match := _REGION.search(value))]
    return named[0] if len(set(named)) == 1 else None


def _offer(
    capture: Capture, record: Record, notes: Notes, *, header: str, pricing_model: str, region: str
) -> Row:
    name, shown = record.take(_MACHINE), record.take(header)
    machine = machine_of(name)
    if machine is None:
        raise Unreadable(f"{name} has no GPU that is known")
    try:
        price = dollars(shown.replace("/ 1 hour", "/ hour"), period="hour").amount
        ram = gibibytes(record.take("Memory", ""))
    except ValueError as problem:
        raise Unreadable(str(problem)) from None
    return offer(
        capture,
        offer_key=f"{region}:{name}",
        instance_type=name,
        pricing_model=pricing_model,
        usd_per_hour=price,
        price_as_shown=shown,
        gpu_count=machine[1],
        ram_gib=ram,
        region=region,
        country=country_of("google_cloud", region, notes),
        **gpu_named(machine[0], notes).columns(),
    )
