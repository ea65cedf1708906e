"""Verda's pricing page: no table, one script of structured data with every offer.

Serverless containers and clusters stand beside the instances, instances without GPUs have no name before
their kind, "Nx" in front prices the whole instance, confidential machines ("CC") have prices of their own,
and one instance can be listed twice at one price.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from scrapers.page import (
    Capture,
    Html,
    Notes,
    OnePrice,
    PageBroken,
    Record,
    Rejected,
    Row,
    Unreadable,
    each,
    gibibytes,
    gpu_named,
    offer,
    source_page,
)

_DESCRIBED: Final = {"Hourly on-demand instance price": "on_demand", "Hourly spot instance price": "spot"}
_NAME: Final = re.compile(r"^(?P<count>\d+)x (?P<gpu>.+?) (?P<memory>\d+GB) (?:on-demand|spot)$")
_CONFIDENTIAL: Final = re.compile(r" CC\b")
_IGNORED: Final = frozenset({"@id", "@type", "url", "availability"})


@source_page(Html)
def instances(pages: Sequence[Html], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers on demand and spot, one row an instance and way of selling."""
    for page in pages:
        sold = [item for item in _offers(page) if item.get("description") in _DESCRIBED]
        named = [item for item in sold if str(item.get("name", "")).rsplit(" ", 1)[0].strip()]
        if not named:
            raise PageBroken(f"{page.capture.url} has no offers of GPU instances in its structured data")
        read = partial(_offer, met=OnePrice())
        yield from each(named, read, notes, table="offers", capture=page.capture, ignored=_IGNORED)


def _offers(page: Html) -> list[Mapping[str, Any]]:
    found = []
    for script in page.css('script[type="application/ld+json"]::text').getall():
        try:
            graph = json.loads(script).get("@graph", [])
        except (ValueError, AttributeError) as problem:
            raise PageBroken(f"{page.capture.url} has structured data that is none: {problem}") from problem
        found += [item for item in graph if item.get("@type") == "Offer"]
    return found


def _offer(capture: Capture, record: Record, notes: Notes, *, met: OnePrice) -> Iterator[Row]:
    name, price = record.take("name"), record.take_number("price")
    pricing_model = _DESCRIBED[record.take("description")]
    currency, per = record.take("priceCurrency"), record.take("priceSpecification")
    match = _NAME.match(name)
    if match is None:
        raise Unreadable(f"{name!r} names no GPU and memory that can be told apart")
    if currency != "USD" or per.get("unitText") != "hour":
        raise Unreadable(f"{name!r} is priced in {currency} per {per.get('unitText')}")
    key = f"{match['count']}x {match['gpu']} {match['memory']}"
    if not met.is_new(name, price):
        return
    gpu = gpu_named(
        _CONFIDENTIAL.sub("", match["gpu"]), notes, memory_gib=gibibytes(match["memory"])
    ).columns()
    yield offer(
        capture,
        offer_key=key,
        instance_type=key,
        pricing_model=pricing_model,
        usd_per_hour=price or None,
        price_as_shown=str(record.raw["price"]),
        gpu_count=int(match["count"]),
        **(gpu | {"gpu_as_shown": match["gpu"]}),
    )
