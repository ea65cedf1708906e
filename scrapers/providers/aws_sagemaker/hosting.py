"""SageMaker's hosting prices: AWS's public price list, a file a region, products apart from their prices.

A product names its machine in `instanceName` and says what it is for in `component`; a price is found under
the product's SKU, two levels down, and only where its unit is an hour. The list's attributes are a hundred
and change with the product, so those that no price needs are not accounted for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    source_page,
)
from scrapers.providers.aws.instances import accelerators, looks_accelerated
from scrapers.providers.aws.offers import listed_offer

_COMPONENT: Final = "Hosting"
_PREFIX: Final = "ml."


@source_page(Json)
def hosting(documents: Sequence[Json], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers of endpoints on demand, one row a region and instance.

    Raises PageBroken for a list without products or without anything that hosts.
    """
    for document in documents:
        products, prices = _opened(document)
        found = [
            {"price": prices.get(sku), **attributes}
            for sku, attributes in products.items()
            if _is_wanted(attributes, notes)
        ]
        unused = frozenset(name for attributes in found for name in attributes)
        read = partial(_offer, met=OnePrice())
        yield from each(found, read, notes, table="offers", capture=document.capture, ignored=unused)


def _opened(document: Json) -> tuple[Mapping[str, Mapping[str, Any]], Mapping[str, Mapping[str, Any]]]:
    """The attributes of every hosting product, and the terms on demand, both by SKU."""
    try:
        attributes = {sku: product["attributes"] for sku, product in document.value["products"].items()}
        terms = document.value["terms"]["OnDemand"]
    except (KeyError, TypeError, AttributeError) as problem:
        raise PageBroken(f"{document.capture.url} is not a price list: {problem!r} is missing") from problem
    hosts = {sku: named for sku, named in attributes.items() if named.get("component") == _COMPONENT}
    if not hosts:
        raise PageBroken(f"none of {len(attributes)} products of {document.capture.url} is for hosting")
    return hosts, terms


def _is_wanted(attributes: Mapping[str, Any], notes: Notes) -> bool:
    name = str(attributes.get("instanceName")).removeprefix(_PREFIX)
    if accelerators(name) is not None:
        return True
    if looks_accelerated(name, ""):
        notes.add("unknown_instance_type", name, f"hosting in {attributes.get('regionCode')}")
    return False


def _offer(capture: Capture, record: Record, notes: Notes, *, met: OnePrice) -> Iterator[Row]:
    name, region = record.take("instanceName"), record.take("regionCode")
    shown = _hourly(record.take("price", None))
    known = accelerators(name.removeprefix(_PREFIX))
    if known is None:
        raise Unreadable(f"{name} has no accelerators that are known")
    if not met.is_new(f"{region} {name}", shown):
        return
    yield listed_offer(
        capture,
        known,
        notes,
        region=region,
        instance_type=name,
        shown=shown,
        memory=record.take("memory"),
        vcpus=record.take("vCpu"),
    )


def _hourly(terms: Mapping[str, Any] | None) -> str:
    """The price of an hour as it stands; raises Unreadable where there is none, or more than one."""
    try:
        dimensions = [one for term in (terms or {}).values() for one in term["priceDimensions"].values()]
        prices = {str(one["pricePerUnit"]["USD"]) for one in dimensions if one["unit"] == "Hrs"}
    except (KeyError, TypeError, AttributeError) as problem:
        raise Unreadable(f"the price is built otherwise: {problem!r}") from problem
    if len(prices) != 1:
        raise Unreadable(f"{len(prices)} prices of an hour, one expected")
    return prices.pop()
