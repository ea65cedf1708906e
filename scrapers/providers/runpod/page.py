"""RunPod's GraphQL answer of gpuTypes, which needs no key: prices per GPU, one row a type.

A price of 0 or null says that a type is not offered in that way, not that it is free. Parts of a GPU (MIG)
stand among the types. In August 2026 spot equalled on demand everywhere, in March it had not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from scrapers.page import (
    Capture,
    Json,
    Notes,
    PageBroken,
    Record,
    Rejected,
    Row,
    each,
    gpu_named,
    offer,
    source_page,
)

_PRICES: Final = (
    ("securePrice", "secure", "on_demand"),
    ("communityPrice", "community", "on_demand"),
    ("secureSpotPrice", "secure", "spot"),
    ("communitySpotPrice", "community", "spot"),
)
_PART: Final = "MIG"
_UNKNOWN: Final = "unknown"


@source_page(Json)
def gpu_types(documents: Sequence[Json], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers per GPU, one row a type, cloud and way of selling."""
    for document in documents:
        types = (document.field("data") or {}).get("gpuTypes")
        if not types:
            raise PageBroken(f"{document.capture.url} lists no GPU types")
        whole = (item for item in types if _PART not in str(item.get("id")) and item.get("id") != _UNKNOWN)
        yield from each(whole, _offers, notes, table="offers", capture=document.capture)


def _offers(capture: Capture, record: Record, notes: Notes) -> Iterator[Row]:
    name, memory = record.take("id"), record.take_number("memoryInGb")
    gpu = gpu_named(record.take("displayName"), notes, memory_gib=memory).columns()
    for field, cloud, pricing_model in _PRICES:
        price = record.take_number(field)
        if price:
            yield offer(
                capture,
                offer_key=f"{name}:{cloud}",
                instance_type=f"{name} ({cloud} cloud)",
                pricing_model=pricing_model,
                usd_per_hour=price,
                price_as_shown=str(record.raw[field]),
                gpu_count=1,
                datacenter=cloud == "secure",
                **gpu,
            )
