"""Azure's Retail Prices API: https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices.

Traps: `type` Reservation states the total of the term under the unit "1 Hour"; DevTestConsumption is a
discount for subscribers; "Low Priority" in a name is a third way of selling, for batch pools; Windows, Cloud
Services and dedicated hosts are priced in the same list; a retailPrice of 0 is a price that is not known; one
machine has several rows; and a walk over the pages is not a snapshot, so one price may be met twice.
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
    Prose,
    Record,
    Rejected,
    Row,
    Saying,
    Unreadable,
    country_of,
    each,
    gpu_named,
    lookup,
    offer,
    source_page,
    terms_said,
)

_OTHER_PRODUCTS: Final = re.compile(r"Windows|Cloud ?Services|Dedicated|Expired")
_LOW_PRIORITY: Final = "Low Priority"
_SPOT: Final = "Spot"
_IN_SCOPE: Final = re.compile(r"^Standard_N[CDV]")
_VCPUS: Final = re.compile(r"^N[A-Z]+(\d+)")
_FREE: Final = "Free account"
_SAYINGS: Final = (
    Saying(_FREE, "credit_usd", (r"\$(?P<value>\d+)[^.]{0,30}credit",), unit="USD"),
    Saying(
        _FREE,
        "credit_days",
        (r"credit[^.]{0,60}?(?P<value>\d+) days", r"(?P<value>\d+) days[^.]{0,40}credit"),
        unit="days",
    ),
    Saying(_FREE, "requires_card", (r"credit card required",), denies=r"no credit card required"),
)
_PORT: Final = "https://prices.azure.com:443/"
# Ids and names of the meter, the day a price took effect, and what is the same in every row.
_IGNORED: Final = frozenset(
    {
        "effectiveEndDate",
        "effectiveStartDate",
        "isPrimaryMeterRegion",
        "location",
        "meterId",
        "productId",
        "savingsPlan",
        "serviceFamily",
        "serviceId",
        "serviceName",
        "skuId",
        "unitPrice",
    }
)


def next_page(request: FetchRequest, answer: Json) -> Iterator[FetchRequest]:
    """The next page of the walk, where there is one."""
    link = answer.field("NextPageLink")
    if link:
        yield FetchRequest(link.replace(_PORT, "https://prices.azure.com/"), request.label)


@source_page(Json, follow=next_page)
def retail(pages: Sequence[Json], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers on demand and spot, one row a region, size and way of selling, at the price of the machine."""
    listed: dict[str, int] = {}
    for page in pages:
        listed[page.capture.label] = listed.get(page.capture.label, 0) + len(_items(page))
    # A family's walk may end in an empty page, but a family without any price is an answer that failed.
    if empty := sorted(label for label, count in listed.items() if not count):
        raise PageBroken(f"no page lists a price of {', '.join(empty)}")
    if not listed:
        raise PageBroken("no page lists a price")
    read = partial(_offers, met=OnePrice())
    for page in pages:
        wanted = (item for item in _items(page) if _is_wanted(item))
        yield from each(wanted, read, notes, table="offers", capture=page.capture, ignored=_IGNORED)


@source_page(Html)
def free_account(pages: Sequence[Html], notes: Notes) -> Iterator[Row]:
    """Terms of the free account; it says nothing of GPUs, whose quota is zero until one asks."""
    prose = [Prose.of_page(page) for page in pages]
    said = list(terms_said(prose, _SAYINGS, notes))
    if all(row.values["state"] == "unknown" for row in said):
        raise PageBroken("the page says nothing of a credit in words that are known")
    yield from said


def _items(page: Json) -> list[Mapping[str, Any]]:
    items = page.field("Items")
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise PageBroken(f"{page.capture.url} has no Items, or some that are not records")
    return items


def _is_wanted(item: Mapping[str, Any]) -> bool:
    names = f"{item.get('skuName')} {item.get('meterName')}"
    return (
        item.get("type") == "Consumption"
        and _IN_SCOPE.match(str(item.get("armSkuName"))) is not None
        and not _OTHER_PRODUCTS.search(str(item.get("productName")))
        and _LOW_PRIORITY not in names
    )


def _text(record: Record, name: str) -> str:
    """A field that holds words: without a name one cannot tell spot, without a region no offer."""
    value = record.take(name)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"field {name} holds {value!r}, not words")
    return value


def _offers(capture: Capture, record: Record, notes: Notes, *, met: OnePrice) -> Iterator[Row]:
    size, region = _text(record, "armSkuName").removeprefix("Standard_"), _text(record, "armRegionName")
    names = (_text(record, "skuName"), _text(record, "meterName"))
    record.take("productName"), record.take("type"), record.take("tierMinimumUnits", 0)
    unit, currency = record.take("unitOfMeasure"), record.take("currencyCode")
    if (unit, currency) != ("1 Hour", "USD"):
        raise Unreadable(f"priced in {currency} per {unit}, expected USD per 1 Hour")
    price = record.take_number("retailPrice") or None
    known = lookup("azure", "instances")
    if size in known["left_out"]:
        return
    pricing_model = "spot" if any(_SPOT in name for name in names) else "on_demand"
    key = f"{region}:{size}"
    if size not in known["size"]:
        notes.add("unknown_instance_type", size, f"{names[0]} in {region}")
        return
    if not met.is_new(f"{key} {pricing_model}", price):
        return
    machine, vcpus = known["size"][size], _VCPUS.match(size)
    yield offer(
        capture,
        offer_key=key,
        instance_type=size,
        region=region,
        country=country_of("azure", region, notes),
        pricing_model=pricing_model,
        usd_per_hour=price,
        price_as_shown=str(record.raw["retailPrice"]),
        gpu_count=machine["count"],
        vcpus=float(vcpus[1]) if vcpus else None,
        **gpu_named(machine["gpu"], notes).columns(),
    )
