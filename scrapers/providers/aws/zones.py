"""EC2 spot prices by zone: DescribeSpotPriceHistory asked for one moment, which answers what stood then.

The answer is XML in pages of 1,000, newest first. A price has stood since its own `timestamp`, which may be
weeks before the slot. Names of zones are an account's own ("us-east-1a" is elsewhere for another account);
`availabilityZoneId`, where it is given, names the place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final
from urllib.parse import quote

from scrapers.page import (
    Capture,
    FetchRequest,
    Notes,
    PageBroken,
    Record,
    Rejected,
    Row,
    Xml,
    each,
    source_page,
)
from scrapers.providers.aws.instances import accelerators, looks_accelerated
from scrapers.providers.aws.offers import spot_offer

_ROOT: Final = "DescribeSpotPriceHistoryResponse"
_LINUX: Final = "Linux/UNIX"
_IGNORED: Final = frozenset({"timestamp"})


def next_page(request: FetchRequest, answer: Xml) -> Iterator[FetchRequest]:
    """The next page, where there is one."""
    token = answer.root.findtext("nextToken")
    if token:
        yield FetchRequest(
            f"{request.url.partition('&NextToken=')[0]}&NextToken={quote(token, safe='')}", request.label
        )


@source_page(Xml, follow=next_page)
def spot_zones(documents: Sequence[Xml], notes: Notes) -> Iterator[Row | Rejected]:
    """One offer a zone and GPU or accelerator type, Linux, at the spot price of the whole machine."""
    seen: set[str] = set()
    for document in documents:
        root = document.root
        if root.tag != _ROOT or root.find("spotPriceHistorySet") is None:
            raise PageBroken(f"{document.capture.url} answered a {root.tag}, expected a {_ROOT}")
        prices = [
            {field.tag: field.text for field in item} for item in root.iterfind("spotPriceHistorySet/item")
        ]
        read = partial(_offer, seen=seen)
        yield from each(prices, read, notes, table="offers", capture=document.capture, ignored=_IGNORED)


def _offer(capture: Capture, record: Record, notes: Notes, *, seen: set[str]) -> Iterator[Row]:
    region = capture.label
    instance_type, shown = record.take("instanceType"), record.take("spotPrice")
    name, place = record.take("availabilityZone", None), record.take("availabilityZoneId", None)
    if record.take("productDescription") != _LINUX:
        return
    known = accelerators(instance_type)
    if known is None:
        if looks_accelerated(instance_type, ""):
            notes.add("unknown_instance_type", instance_type, f"spot in {region}")
        return
    key = f"{place or name}:{instance_type}"
    # Of prices that changed within the moment, the newest comes first and stands.
    if key in seen:
        return
    seen.add(key)
    yield spot_offer(
        capture, known, notes, region=region, instance_type=instance_type, shown=shown, offer_key=key
    )
