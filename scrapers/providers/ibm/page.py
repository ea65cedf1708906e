"""IBM: profiles of https://globalcatalog.cloud.ibm.com, and the plans of watsonx.ai Runtime.

A profile's name says all that is known: gx2-8x64x1v100 has 8 vCPUs, 64 GiB and one V100. The catalogue's
prices of profiles are empty, and an empty price is not zero. The page of plans is a table with a column a
plan, known from an older copy; it states capacity units, not dollars.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from scrapers.page import (
    Capture,
    FetchRequest,
    Html,
    Json,
    Notes,
    OnePrice,
    PageBroken,
    PageTable,
    Record,
    Rejected,
    Row,
    Unreadable,
    each,
    gpu_named,
    lookup,
    offer,
    source_page,
    term,
)

_PROFILE: Final = re.compile(
    r"^g\w+-(?P<vcpus>\d+)x(?P<ram>\d+)x(?P<count>\d+)(?P<gpu>[a-z]+\d+[a-z]*)$", re.IGNORECASE
)
# How the families with accelerators start: a name like that which cannot be read goes to quarantine.
_GPU_FAMILY: Final = re.compile(r"^g[a-z]*\d\w*-", re.IGNORECASE)
_UNPRICED: Final = "not stated"
_PLANS: Final = frozenset({"Lite", "Essentials", "Standard", "Professional"})
_FEATURE: Final = "Feature"
# "$0.52 per CUH" is a price, and a row of rates says what an hour of a machine uses up: neither is an amount.
_UNITS: Final = re.compile(r"^(?!.*\brates?\b).*(?:capacity unit[- ]hour|\bCUH)", re.IGNORECASE)
_AMOUNT: Final = re.compile(
    r"(?<![\d.,$€£])(\d[\d,]*)\s*(?:CUHs?|capacity unit[- ]hours?)\b"
    r"|^(\d[\d,]*)(?:\s*(?:per|a|each|/)\s*month)?$",
    re.IGNORECASE,
)


def next_page(request: FetchRequest, answer: Json) -> Iterator[FetchRequest]:
    """The next page of the catalogue, where there is one."""
    link = answer.field("next")
    if link:
        yield FetchRequest(link, request.label)


@source_page(Json, follow=next_page)
def profiles(documents: Sequence[Json], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers on demand without a price, one row a GPU profile."""
    found, listed, promised = 0, 0, 0
    read = partial(_offers, met=OnePrice())
    for document in documents:
        resources = document.field("resources")
        if not isinstance(resources, list):
            raise PageBroken(f"{document.capture.url} lists no resources")
        listed += len(resources)
        promised = max(promised, _total(document.value))
        # All else that a resource holds describes the catalogue's own entry.
        bare = [{"name": name} for name in map(_name, resources) if _has_gpus(name)]
        found += sum(bool(_PROFILE.match(item["name"])) for item in bare)
        yield from each(bare, read, notes, table="offers", capture=document.capture)
    if listed < promised:
        notes.add("truncated", "profiles", f"{listed} of {promised} resources were listed")
    if not found:
        raise PageBroken("the catalogue lists no profile with a GPU")


def _name(resource: Any) -> str:
    if not isinstance(resource, dict):
        raise PageBroken(f"the catalogue lists {resource!r}, which is not a resource")
    return str(resource.get("name"))


def _has_gpus(name: str) -> bool:
    return bool(_PROFILE.match(name) or _GPU_FAMILY.match(name))


def _total(answer: Mapping[str, Any]) -> int:
    """How many resources there are on all pages together, 0 where the answer does not say."""
    count = answer.get("count")
    return count if isinstance(count, int) else 0


def _offers(capture: Capture, record: Record, notes: Notes, *, met: OnePrice) -> Iterator[Row]:
    row = _offer(capture, record, notes)
    # An entry that moves while the pages are walked is listed on two of them.
    if met.is_new(row.values["offer_key"], None):
        yield row


def _offer(capture: Capture, record: Record, notes: Notes) -> Row:
    name = record.take("name")
    parts = _PROFILE.match(name)
    if parts is None:
        raise Unreadable(f"{name!r} does not say its GPUs in the known way")
    shown = parts["gpu"]
    known = lookup("ibm", "gpus")["gpus"].get(shown.lower(), shown)
    return offer(
        capture,
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


@source_page(Html)
def plans(pages: Sequence[Html], notes: Notes) -> Iterator[Row]:
    """Capacity units a month of each plan, as terms; raises PageBroken when no table has them."""
    tables = [
        (page, table)
        for page in pages
        for table in page.tables
        if _FEATURE in table.headers and _PLANS & set(table.headers)
    ]
    if not tables:
        raise PageBroken("no table compares the plans")
    rows = [row for page, table in tables for row in _terms(page, table)]
    if not rows:
        raise PageBroken("no table of plans has a row of capacity unit hours")
    yield from rows


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
                value=float((amount[1] or amount[2]).replace(",", "")) if amount else None,
                unit="capacity unit hours a month" if amount else None,
                quote=f"{cells[_FEATURE]}: {cells[tier]}",
            )
        return
