"""The rows of AWS's machines: what every price of an instance type in a region says alike."""

from __future__ import annotations

from typing import Any

from scrapers.page import (
    Capture,
    Notes,
    Row,
    Unreadable,
    country_of,
    exact_decimal,
    gibibytes,
    gpu_named,
    offer,
)
from scrapers.providers.aws.instances import Accelerators


def spot_offer(
    capture: Capture,
    known: Accelerators,
    notes: Notes,
    *,
    region: str,
    instance_type: str,
    shown: str,
    offer_key: str,
    **columns: Any,
) -> Row:
    """An offer at a spot price of the whole machine; raises Unreadable for what is not a price."""
    try:
        usd_per_hour = exact_decimal(shown)
    except ValueError as problem:
        raise Unreadable(f"the price is unreadable: {problem}") from problem
    return offer(
        capture,
        offer_key=offer_key,
        pricing_model="spot",
        usd_per_hour=usd_per_hour,
        price_as_shown=shown,
        **_machine(known, notes, region, instance_type),
        **columns,
    )


def listed_offer(
    capture: Capture,
    known: Accelerators,
    notes: Notes,
    *,
    region: str,
    instance_type: str,
    shown: str,
    vcpus: str,
    memory: str,
) -> Row:
    """An offer on demand at the price of the whole machine, with its vCPUs and memory as a list has them.

    A price of zero is not a price. Raises Unreadable where a figure is none.
    """
    try:
        usd_per_hour = exact_decimal(shown) or None
        ram = gibibytes(memory)
        cores = float(vcpus)
    except ValueError as problem:
        raise Unreadable(str(problem)) from problem
    return offer(
        capture,
        offer_key=f"{region}:{instance_type}",
        pricing_model="on_demand",
        usd_per_hour=usd_per_hour,
        price_as_shown=shown,
        vcpus=cores,
        ram_gib=ram,
        **_machine(known, notes, region, instance_type),
    )


def _machine(known: Accelerators, notes: Notes, region: str, instance_type: str) -> dict[str, Any]:
    gpu = gpu_named(known.gpu, notes, memory_gib=known.memory_gib, form_factor=known.form_factor)
    place = {"instance_type": instance_type, "region": region, "country": country_of("aws", region, notes)}
    return {**place, **gpu.columns(), "gpu_count": known.count}
