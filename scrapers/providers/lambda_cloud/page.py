"""Lambda: the pricing page, and the API for who has a key.

The page is server-rendered. Its traps: prices are per GPU and differ by how many are rented, and that number
stands only in the label of a tab; the tables of the 1-Click Clusters come first, look alike and are
reservations; two A100 SXM machines differ in memory alone; and every table stands a second time, escaped, in
a script. The API prices the whole instance, in cents, and names the regions that have capacity.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from scrapers.page import (
    Capture,
    Html,
    Json,
    Notes,
    PageBroken,
    Record,
    Rejected,
    Row,
    Unreadable,
    country_of,
    dollars,
    each,
    gibibytes,
    gpu_named,
    offer,
    source_page,
)

_PRICE: Final = "PRICE/GPU/HR*"
_INSTANCE_HEADERS: Final = frozenset({"Plan", "VRAM/GPU", "vCPUs", "RAM", "STORAGE", _PRICE})
_CLUSTER_HEADERS: Final = frozenset({"Plan", "DURATION", "GPU COUNT", _PRICE})
_CLUSTER_IGNORED: Final = frozenset({"Action"})
_TAB: Final = re.compile(r"^(\d+)x$")
_COUNT: Final = re.compile(r"^(\d+)\+?$")
_NO_PRICE: Final = frozenset({"-", "–", "—"})
# "8x A100 (80 GB SXM4)", "1x GH200 (96 GB)", as the API describes an instance.
_DESCRIBED: Final = re.compile(
    r"^(?P<count>\d+)x (?P<gpu>[^(]+?) \((?P<memory>\d+ GB)(?: (?P<form>[^)]+))?\)$"
)
_FORMS: Final = {"PCIe": "PCIe", "SXM": "SXM", "SXM2": "SXM", "SXM4": "SXM", "SXM5": "SXM", "SXM6": "SXM"}
_TYPE_IGNORED: Final = frozenset({"gpu_description"})
_CENTS: Final = 100


@source_page(Html)
def instances(pages: Sequence[Html], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers on demand, one row a GPU, memory and count; the page states no region and no availability."""
    for page, records in _tables(pages, _INSTANCE_HEADERS):
        yield from each(records, _instance, notes, table="offers", capture=page.capture)


@source_page(Html)
def clusters(pages: Sequence[Html], notes: Notes) -> Iterator[Row | Rejected]:
    """Reserved clusters, one row a GPU, duration and size; a row without a price is left unpriced."""
    for page, records in _tables(pages, _CLUSTER_HEADERS):
        yield from each(
            records, _cluster, notes, table="offers", capture=page.capture, ignored=_CLUSTER_IGNORED | {"tab"}
        )


@source_page(Json)
def capacity(documents: Sequence[Json], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers on demand by region with capacity; one without a region for a type that has none anywhere."""
    for document in documents:
        types = document.field("data")
        if not isinstance(types, dict) or not types:
            raise PageBroken("the API lists no instance types")
        yield from each(types.values(), _by_region, notes, table="offers", capture=document.capture)


def _tables(pages: Sequence[Html], headers: frozenset[str]) -> Iterator[tuple[Html, list[dict[str, str]]]]:
    """Each page with the rows of its tables of these headers, the label of their tab beside them."""
    for page in pages:
        labels = {
            button.attrib["aria-controls"]: page.text_of(button) for button in page.css("[aria-controls]")
        }
        records = []
        for panel in page.css("[role=tabpanel]"):
            label = labels.get(panel.attrib.get("id", ""), "")
            for row in panel.css("tr[data-plan]"):
                cells = row.css("[data-label]")
                record = {cell.attrib["data-label"]: page.text_of(cell) for cell in cells}
                if headers <= record.keys():
                    records.append(record | {"tab": label})
        if not records:
            raise PageBroken(f"{page.capture.url} has no rows with {', '.join(sorted(headers))}")
        yield page, records


def _instance(capture: Capture, record: Record, notes: Notes) -> Row:
    plan, shown = record.take("Plan"), record.take(_PRICE)
    tab = _TAB.match(record.take("tab"))
    if tab is None:
        raise Unreadable("no tab says how many GPUs the price is for")
    count = int(tab[1])
    try:
        memory = gibibytes(record.take("VRAM/GPU"))
        ram = gibibytes(record.take("RAM"))
        disk = gibibytes(record.take("STORAGE").removesuffix(" SSD"))
        price = dollars(shown, period="hour").amount
    except ValueError as problem:
        raise Unreadable(str(problem)) from None
    gpu = gpu_named(plan, notes, memory_gib=memory)
    return offer(
        capture,
        offer_key=f"{plan.removeprefix('NVIDIA ')} {memory:g}GB x{count}",
        pricing_model="on_demand",
        usd_per_hour=price * count,
        price_as_shown=shown,
        gpu_count=count,
        vcpus=float(record.take("vCPUs")),
        ram_gib=ram,
        disk_gib=disk,
        **gpu.columns(),
    )


def _cluster(capture: Capture, record: Record, notes: Notes) -> Row:
    plan, duration, shown = record.take("Plan"), record.take("DURATION"), record.take(_PRICE)
    size = record.take("GPU COUNT")
    least = _COUNT.match(size)
    if least is None:
        raise Unreadable(f"{size!r} is not a number of GPUs")
    try:
        price = None if shown in _NO_PRICE else dollars(shown, period="hour").amount * int(least[1])
    except ValueError as problem:
        raise Unreadable(str(problem)) from None
    return offer(
        capture,
        offer_key=f"{plan.removeprefix('NVIDIA ')} cluster x{size}, {duration}",
        pricing_model="reserved",
        usd_per_hour=price,
        price_as_shown=shown,
        gpu_count=int(least[1]),
        instance_type="1-Click Cluster",
        **gpu_named(plan, notes).columns(),
    )


def _by_region(capture: Capture, record: Record, notes: Notes) -> Iterator[Row]:
    described = Record(record.take("instance_type"))
    regions = record.take("regions_with_capacity_available")
    specs = Record(described.take("specs"))
    name, description = described.take("name"), described.take("description")
    cents = described.take_number("price_cents_per_hour")
    match = _DESCRIBED.match(description)
    if match is None or cents is None:
        raise Unreadable(f"{name}: {description!r} at {cents} cents is not understood")
    form = match["form"]
    gpu = gpu_named(
        f"{match['gpu']} {form}" if form in _FORMS else match["gpu"],
        notes,
        memory_gib=gibibytes(match["memory"]),
        form_factor=_FORMS.get(form or ""),
    )
    columns: dict[str, Any] = {
        "pricing_model": "on_demand",
        "usd_per_hour": Decimal(str(cents)) / _CENTS,
        "price_as_shown": f"{cents:g} cents",
        "gpu_count": int(specs.take("gpus")),
        "vcpus": specs.take_number("vcpus"),
        "ram_gib": specs.take_number("memory_gib"),
        "disk_gib": specs.take_number("storage_gib"),
        "instance_type": name,
        **gpu.columns(),
    }
    for left in (described.leftovers(_TYPE_IGNORED), specs.leftovers(frozenset())):
        for field in left:
            notes.add("new_field", field, name)
    if not regions:
        yield offer(capture, offer_key=name, availability="unavailable", **columns)
    for region in regions:
        where = region["name"]
        country = country_of("lambda_cloud", where, notes)
        yield offer(
            capture,
            offer_key=f"{where}:{name}",
            region=where,
            country=country,
            availability="available",
            **columns,
        )
