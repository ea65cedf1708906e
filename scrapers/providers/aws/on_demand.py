"""Prices on demand: the files on b0.p.awsstatic.com behind the pricing pages of EC2 and SageMaker.

EC2 has a file a region, SageMaker one a product with every region. They name regions by their place, have no
columns for GPUs, prices as text, and some machines more than once. Capacity Blocks, which leak into EC2's
bulk price list as if they were on demand, are not in these files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    lookup,
    source_page,
)
from scrapers.providers.aws.instances import accelerators, looks_accelerated
from scrapers.providers.aws.offers import listed_offer


@dataclass(frozen=True)
class Columns:
    """What a file calls a machine and its vCPUs, what it puts before EC2's name, and what it says besides."""

    machine: str
    vcpus: str
    prefix: str
    ignored: frozenset[str]


EC2: Final = Columns(
    machine="Instance Type",
    vcpus="vCPU",
    prefix="",
    ignored=frozenset(
        {
            "Instance Family",
            "License Model",
            "Location",
            "Network Performance",
            "Operating System",
            "Pre Installed S/W",
            "RegionlessRateCode",
            "Storage",
            "plc:InstanceFamily",
            "plc:OperatingSystem",
            "rateCode",
        }
    ),
)


@source_page(Json)
def on_demand(documents: Sequence[Json], notes: Notes) -> Iterator[Row | Rejected]:
    """One offer a region and GPU or accelerator type, Linux, at the price of the whole machine."""
    yield from listed_offers(documents, EC2, notes)


def listed_offers(documents: Sequence[Json], columns: Columns, notes: Notes) -> Iterator[Row | Rejected]:
    """The offers of such files; raises PageBroken for one without regions, or with no price in any."""
    places = lookup("aws", "regions")["location"]
    for document in documents:
        for place, rates in _regions(document).items():
            if place in places:
                yield from _of_region(document.capture, places[place], rates.values(), columns, notes)
            else:
                notes.add("unknown_region", place, "aws")


def _regions(document: Json) -> Mapping[str, Mapping[str, Any]]:
    """Rates by code, by place."""
    regions = document.field("regions")
    if not regions or not isinstance(regions, dict):
        raise PageBroken(f"{document.capture.url} has no regions")
    if not all(isinstance(rates, dict) for rates in regions.values()):
        raise PageBroken(f"{document.capture.url} has a region that is not a map of rates")
    if not any(regions.values()):
        raise PageBroken(f"{document.capture.url} has no prices in any region")
    if not all(isinstance(rate, dict) for rates in regions.values() for rate in rates.values()):
        raise PageBroken(f"{document.capture.url} has a rate without fields")
    return regions


def _of_region(
    capture: Capture, region: str, rates: Any, columns: Columns, notes: Notes
) -> Iterator[Row | Rejected]:
    read = partial(_offer, region=region, columns=columns, met=OnePrice())
    machines = (rate for rate in rates if _is_wanted(rate, region, columns, notes))
    yield from each(machines, read, notes, table="offers", capture=capture, ignored=columns.ignored)


def _is_wanted(rate: Mapping[str, Any], region: str, columns: Columns, notes: Notes) -> bool:
    name = str(rate.get(columns.machine)).removeprefix(columns.prefix)
    if accelerators(name) is not None:
        return True
    if looks_accelerated(name, str(rate.get("Instance Family"))):
        notes.add("unknown_instance_type", name, f"on demand in {region}")
    return False


def _offer(
    capture: Capture, record: Record, notes: Notes, *, region: str, columns: Columns, met: OnePrice
) -> Iterator[Row]:
    name, shown = record.take(columns.machine), record.take("price")
    vcpus, memory = record.take(columns.vcpus), record.take("Memory")
    known = accelerators(name.removeprefix(columns.prefix))
    if known is None:
        raise Unreadable(f"{name} has no accelerators that are known")
    if not met.is_new(name, shown):
        return
    yield listed_offer(
        capture, known, notes, region=region, instance_type=name, shown=shown, vcpus=vcpus, memory=memory
    )
