"""SageMaker's prices: two files behind its pricing page, each with every region.

`manifest.hawkFilePublicationDate` says when a file was made. Prices are text, regions are places, an instance
is EC2's with "ml." before it, and a machine may stand in a region more than once. Seen whole in December 2025
(notebooks); the file of training jobs is known by its name and its shape alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

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

_IGNORED: Final = frozenset({"Clock Speed", "Instance Type", "RegionlessRateCode", "rateCode", "Component"})
_PREFIX: Final = "ml."
_MIB: Final = 1024


def notebook(documents: list[Document], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers of Studio notebooks on demand, one row a region and instance."""
    yield from _offers(documents, notes)


def training(documents: list[Document], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers of training jobs on demand, one row a region and instance."""
    yield from _offers(documents, notes)


def _offers(documents: list[Document], notes: Notes) -> Iterator[Row | Rejected]:
    places = lookup("aws", "regions")["location"]
    for document in documents:
        if not isinstance(document, Payload):
            continue
        regions = document.value.get("regions") if isinstance(document.value, dict) else None
        if not regions:
            raise PageBroken(f"{document.capture.url} has no regions")
        for place, rates in regions.items():
            if place not in places:
                notes.add("unknown_region", place, "aws")
                continue
            seen: dict[str, str] = {}

            def read(
                record: Record,
                capture: Capture = document.capture,
                region: str = places[place],
                seen: dict[str, str] = seen,
            ) -> Iterator[Row]:
                yield from _offer(capture, region, record, seen, notes)

            machines = (rate for rate in rates.values() if _accelerators(str(rate.get("Instance"))))
            yield from each(machines, read, notes, table="offers", capture=document.capture, ignored=_IGNORED)


def _accelerators(instance: str) -> Mapping[str, Any] | None:
    """The family of an EC2 machine with GPUs or accelerators, None for any other machine."""
    family, _, size = instance.removeprefix(_PREFIX).partition(".")
    known: Mapping[str, Any] | None = lookup("aws", "instances")["family"].get(family)
    return known if known and size in known["sizes"] else None


def _offer(
    capture: Capture, region: str, record: Record, seen: dict[str, str], notes: Notes
) -> Iterator[Row]:
    instance, shown = record.take("Instance"), record.take("price")
    vcpus, memory = record.take("VCPU"), record.take("Memory")
    family = _accelerators(instance)
    if family is None:
        raise Unreadable(f"{instance} has no accelerators that are known")
    if instance in seen:
        if seen[instance] != shown:
            raise Unreadable(f"{instance} has two prices, {seen[instance]} and {shown}")
        return
    seen[instance] = shown
    try:
        usd_per_hour = exact_decimal(shown) or None
        ram = gibibytes(memory)
    except ValueError as problem:
        raise Unreadable(str(problem)) from problem
    mib = family.get("memory_mib")
    gpu = gpu_named(
        family["gpu"], notes, memory_gib=mib and mib / _MIB, form_factor=family.get("form_factor")
    )
    yield offer(
        capture,
        offer_key=f"{region}:{instance}",
        pricing_model="on_demand",
        usd_per_hour=usd_per_hour,
        price_as_shown=shown,
        gpu_count=family["sizes"][instance.rpartition(".")[2]],
        instance_type=instance,
        region=region,
        country=country_of("aws", region, notes),
        vcpus=float(vcpus),
        ram_gib=ram,
        **gpu.columns(),
    )
