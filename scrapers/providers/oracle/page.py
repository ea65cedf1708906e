"""Oracle's public price list: https://apexapps.oracle.com/pls/apex/cetools/api/v1/products/?currencyCode=USD.

"GPU Per Hour" is the metric of rented GPUs, of licences for their software ("NVIDIA AI Enterprise - H100")
and of Cloud@Customer, hardware that stands at the buyer's: only the first are offers. Names are spelt in
several ways ("OCI- Compute", "Compute  - GPU"). There are no regions, and preemptible capacity, said to cost
half, has no rows of its own, so it has none here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

from scrapers.page import (
    Capture,
    Json,
    Notes,
    OnePrice,
    PageBroken,
    Record,
    Rejected,
    Row,
    Unreadable,
    each,
    exact_decimal,
    gpu_named,
    lookup,
    offer,
    source_page,
)

_METRIC: Final = "GPU Per Hour"
_CATEGORY: Final = "Compute - GPU"
_LICENCE: Final = "NVIDIA AI Enterprise"
_PREFIX: Final = re.compile(r"^(?:(?:OCI|Oracle Cloud Infrastructure)\s*-\s*)?Compute\s*-\s*(?:GPU\s*-\s*)?")
_IGNORED: Final = frozenset({"description"})


@source_page(Json)
def products(documents: Sequence[Json], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers on demand, one row a part number of a rented GPU; no region, no availability."""
    for document in documents:
        yield from _offers(document, notes)


def _offers(document: Json, notes: Notes) -> Iterator[Row | Rejected]:
    items = document.field("items")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise PageBroken(f"{document.capture.url} lists no products")
    rented = [item for item in items if _is_rented(item)]
    if not rented:
        raise PageBroken(f"none of {len(items)} products is a rented GPU")
    read = partial(_new_offer, met=OnePrice())
    yield from each(rented, read, notes, table="offers", capture=document.capture, ignored=_IGNORED)


def _new_offer(capture: Capture, record: Record, notes: Notes, *, met: OnePrice) -> Iterator[Row]:
    row = _offer(capture, record, notes)
    if met.is_new(row.values["offer_key"], row.values["usd_per_hour"]):
        yield row


def _is_rented(item: dict[str, Any]) -> bool:
    return (
        item.get("metricName") == _METRIC
        and str(item.get("serviceCategory", "")).startswith(_CATEGORY)
        and _LICENCE not in str(item.get("displayName", ""))
    )


def _offer(capture: Capture, record: Record, notes: Notes) -> Row:
    part, name = record.take("partNumber"), record.take("displayName")
    record.take("metricName"), record.take("serviceCategory")
    shown = str(_pay_as_you_go(record.take("currencyCodeLocalizations")))
    try:
        price = exact_decimal(shown)
    except ValueError as problem:
        raise Unreadable(str(problem)) from None
    words = _PREFIX.sub("", name)
    known = lookup("oracle", "gpus")["gpus"].get(words, {"gpu": words, "memory_gib": None})
    gpu = gpu_named(known["gpu"], notes, memory_gib=known["memory_gib"])
    return offer(
        capture,
        offer_key=part,
        instance_type=" ".join(name.split()),
        pricing_model="on_demand",
        usd_per_hour=price or None,
        price_as_shown=shown,
        gpu_count=1,
        **(gpu.columns() | {"gpu_as_shown": words}),
    )


def _pay_as_you_go(localizations: list[dict[str, Any]]) -> Any:
    try:
        prices = [
            price["value"]
            for localization in localizations
            if localization.get("currencyCode") == "USD"
            for price in localization.get("prices", ())
            if price.get("model") == "PAY_AS_YOU_GO"
        ]
    except (TypeError, KeyError, AttributeError) as problem:
        raise Unreadable(f"the prices are built otherwise ({problem!r})") from problem
    if len(prices) != 1:
        raise Unreadable(f"{len(prices)} pay-as-you-go prices in USD")
    return prices[0]
