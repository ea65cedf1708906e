"""Paperspace Gradient, now DigitalOcean's: the price list of its machines.

The list is https://docs.digitalocean.com/products/paperspace/pricing/ (HTML, or its Markdown twin
index.html.md). Its traps: a price is for the whole machine; two machines can share a row ("V100 /
V100-32G"); the list of multi-GPU machines has carried counts that its own prices contradict ("V100-32G ×8"
at four times the single price, seen in November 2025); and the cards of www.paperspace.com/pricing mark a
three-year commitment with an asterisk only, so a price with a footnote is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import chain

from scrapers.page import (
    Capture,
    Html,
    Notes,
    PageBroken,
    PageTable,
    Price,
    Record,
    Rejected,
    Row,
    Unreadable,
    dollars,
    each,
    gibibytes,
    gpu_named,
    lookup,
    offer,
    source_page,
)
from scrapers.providers.paperspace.subscriptions import plans

__all__ = ["machines", "plans"]

# A table is what its first header says. CPU machines, disks, drives, images and networks are priced on the
# same page and out of the ledger's scope, as is a machine whose GPU cell is a dash.
_MACHINE_TABLES = frozenset({"Name", "GPU Machine", "Multi-GPU Machine"})
_OUT_OF_SCOPE = frozenset({"CPU Machine", "Free Machine", "Size", "Feature", "Plan"})
_NO_GPU = frozenset({"-", "–", "—"})
_COLUMNS = {
    "Name": "machine",
    "GPU Machine": "machine",
    "Multi-GPU Machine": "machine",
    "GPU": "gpu_memory",
    "Memory": "ram",
    "vCPUs": "vcpus",
    "Price": "price",
    "Hourly Price": "price",
}
_IGNORED = frozenset({"Description", "Subscription Plan"})
_MACHINE = re.compile(r"^(?P<base>.+?)(?:\s*[x×]\s*(?P<count>\d+))?$")
_SHARED_ROW = re.compile(r"\s+/\s+")
_VCPUS = re.compile(r"^(\d+)\s*(?:vCPUs?)?$")
_RULE = "multiplying the base rate of a single GPU"
_CENT = Decimal("0.01")


@source_page(Html)
def machines(pages: Sequence[Html], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers on demand, one row a machine; the page states neither region nor availability."""
    for page in pages:
        yield from _offers(page, notes)


def _offers(page: Html, notes: Notes) -> Iterator[Row | Rejected]:
    tables = [table for table in page.tables if _lists_machines(table, notes)]
    if not tables or not all(table.rows for table in tables):
        raise PageBroken(f"{page.capture.url} has no table of GPU machines, or an empty one")
    read = partial(_row, rates=_BaseRates(promised=any(_RULE in block for block in page.blocks)))
    records = chain.from_iterable(_records(table) for table in tables)
    yield from each(records, read, notes, table="offers", capture=page.capture, ignored=_IGNORED)


def _row(capture: Capture, record: Record, notes: Notes, *, rates: _BaseRates) -> Iterator[Row]:
    names = _SHARED_ROW.split(record.take("machine"))
    price = _price(record.take("price"))
    specs = _specs(record)
    for name in names:
        base, count = _machine(name)
        rates.check(base, count, price, notes)
        yield _offer(capture, name, base, count, price, specs, notes)


def _lists_machines(table: PageTable, notes: Notes) -> bool:
    first = table.headers[0]
    if first not in _MACHINE_TABLES | _OUT_OF_SCOPE:
        notes.add("new_field", f"table {first!r}", f"under the heading {table.heading!r}")
    return first in _MACHINE_TABLES


def _records(table: PageTable) -> Iterator[Mapping[str, str]]:
    columns = [_COLUMNS.get(header, header) for header in table.headers]
    if "price" not in columns:
        raise PageBroken(f"the table of machines under {table.heading!r} has no price column")
    for cells in table.rows:
        record = dict(zip(columns, cells, strict=False))
        if record.get("gpu_memory") not in _NO_GPU:
            yield record


def _machine(name: str) -> tuple[str, int]:
    """A machine's name as the single machine it multiplies and the number of its GPUs."""
    match = _MACHINE.match(name)
    if match is None:
        raise Unreadable("the machine has no name")
    return match["base"], int(match["count"] or 1)


def _price(shown: str) -> Price:
    try:
        price = dollars(shown, period="hour")
    except ValueError as problem:
        raise Unreadable(str(problem)) from None
    if price.footnote:
        raise Unreadable(f"{shown!r} has a footnote: it may be the price of a commitment")
    return price


def _specs(record: Record) -> dict[str, float | None]:
    """Memory of one GPU, RAM and vCPUs, where the table has such columns."""
    vcpus = record.take("vcpus", "")
    match = _VCPUS.match(vcpus)
    if vcpus and match is None:
        raise Unreadable(f"{vcpus!r} is not a number of vCPUs")
    try:
        return {
            "gpu_memory_gib": gibibytes(record.take("gpu_memory", "")),
            "ram_gib": gibibytes(record.take("ram", "")),
            "vcpus": float(match[1]) if match else None,
        }
    except ValueError as problem:
        raise Unreadable(str(problem)) from None


class _BaseRates:
    """Prices of one GPU met so far, against which the prices of several are checked.

    Where the page promises that several cost a multiple of one, a price that is none is a misprint of the
    price or of the count, and which of the two is not ours to guess.
    """

    def __init__(self, *, promised: bool) -> None:
        self._promised = promised
        self._usd_per_hour: dict[str, Decimal] = {}

    def check(self, base: str, count: int, price: Price, notes: Notes) -> None:
        """Remember a single GPU's price; raise Unreadable for a multiple that breaks the promise."""
        if count == 1:
            self._usd_per_hour[base] = price.amount
            return
        single = self._usd_per_hour.get(base)
        if single is None or abs(price.amount - count * single) <= count * _CENT:
            return
        reason = f"{price.shown} for {count} GPUs is not {count} times ${single}, the price of one {base}"
        notes.add("disagreement", f"{base} x{count}", reason)
        if self._promised:
            raise Unreadable(reason)


def _offer(
    capture: Capture,
    name: str,
    base: str,
    count: int,
    price: Price,
    specs: Mapping[str, float | None],
    notes: Notes,
) -> Row:
    known = lookup("paperspace", "machines")["machines"].get(base)
    if known is None:
        notes.add("unknown_instance_type", base, capture.url)
        known = {"gpu": base, "memory_gib": None}
    gpu = gpu_named(known["gpu"], notes, memory_gib=specs["gpu_memory_gib"] or known["memory_gib"])
    return offer(
        capture,
        offer_key=base if count == 1 else f"{base}x{count}",
        instance_type=name,
        **(gpu.columns() | {"gpu_as_shown": base}),
        gpu_count=count,
        vcpus=specs["vcpus"],
        ram_gib=specs["ram_gib"],
        pricing_model="on_demand",
        usd_per_hour=price.amount,
        price_as_shown=price.shown,
    )
