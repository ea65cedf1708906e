"""Gradient's subscription plans and the terms of their tiers.

The price list states fees, storage and the free machines of each plan in tables; the hours of a free
session and the visibility of projects stand only on the plan cards of https://www.paperspace.com/pricing.
A plan's fee is not its whole cost: machines that are not free are billed on top.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from scrapers.page import (
    Capture,
    Html,
    Notes,
    PageBroken,
    PageTable,
    Prose,
    Record,
    Rejected,
    Row,
    Saying,
    Unreadable,
    dollars,
    each,
    plan,
    source_page,
    term,
    terms_said,
)

_FEES = frozenset({"Plan", "Max Monthly Price"})
_STORAGE = frozenset({"Plan", "Included Storage"})
_FREE_MACHINES = frozenset({"Free Machine", "Available Plans"})
_HOURLY = frozenset({"Hourly Price"})
_SIZE = re.compile(r"^(\d+) ?GB$")
_FREE_MACHINE = re.compile(r"^Free (?:GPU \((?P<in_brackets>[^)]+)\)|CPU\b.*|(?P<named>.+))$")
_FREE_GPU_LINE = re.compile(r"^(?:Free GPU \(([^)]+)\)|Free-\S+ — NVIDIA (\S+) GPU)$")
_OVERAGE = r"additional usage is billed at \$(?P<value>[\d.]+)/GB/mo"
_SAYINGS = (
    Saying(
        "Free",
        "session_hours",
        (r"auto-?shutdown \((?P<value>\d+) hour limit\)", r"shut ?down after (?P<value>\d+) hours"),
        unit="hours",
    ),
    Saying(
        "Free",
        "concurrent_sessions",
        (r"only (?P<value>\d+) free notebook can be run", "no limits to the number of sessions"),
        unit="notebooks",
    ),
    Saying("Free", "public_only", ("public projects", "set to public")),
    Saying("Free", "overage_usd_per_gib_month", (_OVERAGE,), unit="USD/GB/month"),
)
_FREE_STORAGE = Saying(
    "Free", "storage_gib", (r"(?P<value>\d+) ?GB of (?:dedicated )?persistent storage",), unit="GB"
)


@source_page(Html)
def plans(pages: Sequence[Html], notes: Notes) -> Iterator[Row | Rejected]:
    """Plans of the price list, and the terms of every tier; raises PageBroken when no term is said."""
    terms = list(tier_terms(pages, notes))
    if all(row.values["state"] == "unknown" for row in terms):
        raise PageBroken("no page says a term of a tier in words that are known")
    yield from terms
    for page in pages:
        yield from _plans(page, notes)


def tier_terms(pages: Sequence[Html], notes: Notes) -> Iterator[Row]:
    """Terms of the tiers; reads the documentation of 2019 to 2021 too, which had them in prose only."""
    prose = [Prose.of_page(page) for page in pages]
    yield from terms_said(prose, _SAYINGS, notes)
    stored = [row for page in pages for row in _stored(page, notes)]
    yield from stored or terms_said(prose, [_FREE_STORAGE], notes)
    listed = [row for page in pages for row in _free_machines(page, notes)]
    listed = listed or [row for page in pages for row in _free_gpu_lines(page)]
    yield from listed or terms_said(prose, [Saying("Free", "gpu_models")], notes)


def _tables(page: Html, headers: frozenset[str]) -> list[PageTable]:
    return [table for table in page.tables if headers <= set(table.headers)]


def _included(page: Html) -> dict[str, str]:
    """Plan -> included storage as printed."""
    rows = (cells for table in _tables(page, _STORAGE) for cells in table.records())
    return {cells["Plan"]: cells["Included Storage"] for cells in rows}


def _gigabytes(shown: str | None) -> float | None:
    match = _SIZE.match(shown or "")
    return float(match[1]) if match else None


def _stored(page: Html, notes: Notes) -> Iterator[Row]:
    for tier, shown in _included(page).items():
        amount = _gigabytes(shown)
        if amount is None:
            notes.add("unknown_word", shown, f"included storage of {tier}")
            continue
        yield term(
            page.capture, tier=tier, name="storage_gib", value=amount, unit="GB", quote=f"{tier}: {shown}"
        )


def _free_machines(page: Html, notes: Notes) -> Iterator[Row]:
    """The GPUs of each plan's free machines; the free machine without a GPU is out of scope."""
    found: dict[str, list[tuple[str, str]]] = {}
    for cells in (cells for table in _tables(page, _FREE_MACHINES) for cells in table.records()):
        machine, tiers = cells["Free Machine"], cells["Available Plans"]
        match = _FREE_MACHINE.match(machine)
        if match is None:
            notes.add("unknown_word", machine, "among the free machines")
        elif gpu := match["in_brackets"] or match["named"]:
            for tier in tiers.split(", "):
                found.setdefault(tier, []).append((gpu, f"{machine}: {tiers}"))
    for tier, machines in found.items():
        yield _gpu_models(page, tier, machines)


def _free_gpu_lines(page: Html) -> Iterator[Row]:
    """The free GPUs as the older documentation lists them; a line with a condition is not a free machine."""
    found = [(match[1] or match[2], block) for block in page.blocks if (match := _FREE_GPU_LINE.match(block))]
    if found:
        yield _gpu_models(page, "Free", found)


def _gpu_models(page: Html, tier: str, found: Sequence[tuple[str, str]]) -> Row:
    return term(
        page.capture,
        tier=tier,
        name="gpu_models",
        value=", ".join(gpu for gpu, _ in found),
        quote="; ".join(words for _, words in found),
    )


def _plans(page: Html, notes: Notes) -> Iterator[Row | Rejected]:
    met = (match for block in page.blocks if (match := re.search(_OVERAGE, block, re.IGNORECASE)))
    overage = next((float(match["value"]) for match in met), None)

    read = partial(_plan, included=_included(page), overage=overage)
    records = ({"kind": table.heading} | cells for table in _tables(page, _FEES) for cells in table.records())
    yield from each(records, read, notes, table="plans", capture=page.capture, ignored=_HOURLY)


def _plan(
    capture: Capture, record: Record, notes: Notes, *, included: Mapping[str, str], overage: float | None
) -> Row:
    name, kind = record.take("Plan"), record.take("kind")
    units = _gigabytes(included.get(name))
    return plan(
        capture,
        name=f"{name} ({kind})",
        usd_per_month=_fee(record.take("Max Monthly Price")),
        included_units=units,
        unit=None if units is None else "GB of storage",
        usd_per_unit=overage,
        price_as_shown=record.raw["Max Monthly Price"],
    )


def _fee(shown: str) -> float | None:
    """A plan's monthly fee in USD; the free plan's cell is empty, which is not said to be zero."""
    try:
        return float(dollars(shown, period="month").amount) if shown else None
    except ValueError as problem:
        raise Unreadable(str(problem)) from None
