"""EC2 on demand: one file a region on b0.p.awsstatic.com, behind the pricing page of EC2.

A file has no columns for GPUs, prices as text, and some types more than once. Capacity Blocks, which leak
into the bulk price list as if they were on demand, are not in these files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from scrapers.providers.aws.instances import accelerators, looks_accelerated
from scrapers.rows import (
    Capture,
    Document,
    Notes,
    PageBroken,
    Payload,
    Record,
    Rejected,
    Row,
    Unreadable,
    country_of,
    each,
    exact_decimal,
    gibibytes,
    gpu_named,
    lookup,
    offer,
)

_IGNORED: Final = frozenset(
    {
        "Instance Family",
        "Location",
        "Network Performance",
        "Operating System",
        "Pre Installed S/W",
        "License Model",
        "RegionlessRateCode",
        "Storage",
        "plc:InstanceFamily",
        "plc:OperatingSystem",
        "rateCode",
    }
)


def on_demand(documents: list[Document], notes: Notes) -> Iterator[Row | Rejected]:
    """One offer a region and GPU or accelerator type, Linux, at the price of the whole machine."""
    for document in documents:
        if isinstance(document, Payload):
            yield from _offers(document, notes)


def _offers(document: Payload, notes: Notes) -> Iterator[Row | Rejected]:
    regions = document.value.get("regions") if isinstance(document.value, dict) else None
    if not regions:
        raise PageBroken(f"{document.capture.url} has no regions")
    known = lookup("aws", "regions")["location"]
    for place, rates in regions.items():
        region = known.get(place)
        if region is None:
            notes.add("unknown_region", place, "aws")
            continue
        seen: dict[str, str] = {}

        def read(record: Record, region: str = region, seen: dict[str, str] = seen) -> Iterator[Row]:
            yield from _offer(document.capture, region, record, seen, notes)

        machines = (rate for rate in rates.values() if _is_wanted(rate, region, notes))
        yield from each(machines, read, notes, table="offers", capture=document.capture, ignored=_IGNORED)


def _is_wanted(rate: Mapping[str, Any], region: str, notes: Notes) -> bool:
    instance_type = str(rate.get("Instance Type"))
    if accelerators(instance_type) is not None:
        return True
    if looks_accelerated(instance_type, str(rate.get("Instance Family"))):
        notes.add("unknown_instance_type", instance_type, f"on demand in {region}")
    return False


def _offer(
    capture: Capture, region: str, record: Record, seen: dict[str, str], notes: Notes
) -> Iterator[Row]:
    instance_type, shown = record.take("Instance Type"), record.take("price")
    vcpus, memory = record.take("vCPU"), record.take("Memory")
    known = accelerators(instance_type)
    if known is None:
        raise Unreadable(f"{instance_type} is not in instances.toml")
    if instance_type in seen:
        if seen[instance_type] != shown:
            raise Unreadable(f"{instance_type} has two prices, {seen[instance_type]} and {shown}")
        return
    seen[instance_type] = shown
    try:
        usd_per_hour = exact_decimal(shown) or None
        ram = gibibytes(memory)
    except ValueError as problem:
        raise Unreadable(str(problem)) from problem
    gpu = gpu_named(known.gpu, notes, memory_gib=known.memory_gib, form_factor=known.form_factor)
    yield offer(
        capture,
        offer_key=f"{region}:{instance_type}",
        pricing_model="on_demand",
        usd_per_hour=usd_per_hour,
        price_as_shown=shown,
        gpu_count=known.count,
        instance_type=instance_type,
        region=region,
        country=country_of("aws", region, notes),
        vcpus=float(vcpus),
        ram_gib=ram,
        **gpu.columns(),
    )
