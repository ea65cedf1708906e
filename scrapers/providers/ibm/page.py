"""IBM: profiles of https://globalcatalog.cloud.ibm.com, and the plans of watsonx.ai Runtime.

A profile's name says all that is known: gx2-8x64x1v100 has 8 vCPUs, 64 GiB and one V100. The catalogue's
prices of profiles are empty, and an empty price is not zero. The page of plans is a table with a column a
plan, known from an older copy; it states capacity units, not dollars.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from scrapers.rows import (
    Ask,
    Document,
    Html,
    Notes,
    PageBroken,
    PageTable,
    Payload,
    Record,
    Rejected,
    Row,
    each,
    gpu_named,
    lookup,
    offer,
    term,
)

_PROFILE: Final = re.compile(
    r"^g\w+-(?P<vcpus>\d+)x(?P<ram>\d+)x(?P<count>\d+)(?P<gpu>[a-z]+\d+[a-z]*)$", re.IGNORECASE
)
_UNPRICED: Final = "not stated"
_PLANS: Final = frozenset({"Lite", "Standard", "Essentials"})
_FEATURE: Final = "Feature"
_UNITS: Final = re.compile(r"capacity unit", re.IGNORECASE)
_AMOUNT: Final = re.compile(r"(\d[\d,]*)")


def profiles_follow(ask: Ask, payload: Payload) -> Iterator[Ask]:
    """The next page of the catalogue, where there is one."""
    link = payload.value.get("next") if isinstance(payload.value, dict) else None
    if link:
        yield Ask(link, ask.label)


def profiles(documents: list[Document], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers on demand without a price, one row a GPU profile."""
    found = 0
    for document in documents:
        if not isinstance(document, Payload):
            continue
        resources = document.value.get("resources") if isinstance(document.value, dict) else None
        if not isinstance(resources, list):
            raise PageBroken(f"{document.capture.url} lists no resources")
        named = [item for item in resources if _PROFILE.match(str(item.get("name")))]
        found += len(named)

        def read(record: Record, page: Payload = document) -> Iterator[Row]:
            yield _offer(page, record, notes)

        # All else that a resource holds describes the catalogue's own entry.
        bare = ({"name": item["name"]} for item in named)
        yield from each(bare, read, notes, table="offers", capture=document.capture)
    if not found:
        raise PageBroken("the catalogue lists no profile with a GPU")


def _offer(page: Payload, record: Record, notes: Notes) -> Row:
    name = record.take("name")
    parts: Mapping[str, Any] = match.groupdict() if (match := _PROFILE.match(name)) else {}
    shown = parts["gpu"]
    known = lookup("ibm", "gpus")["gpus"].get(shown.lower(), shown)
    return offer(
        page.capture,
        offer_key=name,
        instance_type=name,
        pricing_model="on_demand",
        usd_per_hour=None,
        price_as_shown=_UNPRICED,
        gpu_count=int(parts["count"]),
        vcpus=float(parts["vcpus"]),
        ram_gib=float(parts["ram"]),
        **(gpu_named(known, notes).columns() | {"gpu_as_shown": shown}),
    )


def plans(documents: list[Document], notes: Notes) -> Iterator[Row]:
    """Capacity units a month of each plan, as terms."""
    tables = [
        (page, table)
        for page in documents
        if isinstance(page, Html)
        for table in page.tables
        if _FEATURE in table.headers and _PLANS & set(table.headers)
    ]
    if not tables:
        raise PageBroken("no table compares the plans")
    for page, table in tables:
        yield from _terms(page, table)


def _terms(page: Html, table: PageTable) -> Iterator[Row]:
    for cells in table.records():
        if not _UNITS.search(cells[_FEATURE]):
            continue
        for tier in sorted(_PLANS & cells.keys()):
            amount = _AMOUNT.search(cells[tier])
            yield term(
                page.capture,
                tier=tier,
                name="compute_units",
                state="present" if amount else "unknown",
                value=float(amount[1].replace(",", "")) if amount else None,
                unit="capacity unit hours a month" if amount else None,
                quote=f"{cells[_FEATURE]}: {cells[tier]}",
            )
        return
