"""Vultr's plans, which need no key: https://api.vultr.com/v2/plans and /v2/plans-metal.

A cloud plan with less memory than its GPU has a part of it, which has no price of a GPU. A bare metal plan
names its GPUs in its id alone, gives its disks one by one, and can cost less when it may be taken away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from scrapers.page import (
    Capture,
    Json,
    Notes,
    PageBroken,
    Record,
    Rejected,
    Row,
    country_of,
    each,
    gpu_named,
    lookup,
    offer,
    source_page,
)

_METAL: Final = re.compile(r"-(?:(?P<count>\d{1,2})-)?(?P<gpu>[a-z][a-z0-9]*)-gpu$")
_MIB: Final = 1024
_PRICES: Final = (("hourly_cost", "on_demand"), ("hourly_cost_preemptible", "spot"))
_IGNORED: Final = frozenset(
    {
        "bandwidth",
        "cpu_cores",
        "cpu_count",
        "cpu_manufacturer",
        "cpu_mhz",
        "cpu_model",
        "cpu_threads",
        "deploy_ondemand",
        "deploy_preemptible",
        "disk_count",
        "disk_type",
        "gpu_type",
        "gpu_vram_gb",
        "invoice_type",
        "monthly_cost",
        "monthly_cost_preemptible",
        "physical_cpus",
        "type",
        "vcpu_count",
    }
)
Gpus = tuple[str, int]


@source_page(Json)
def plans(documents: Sequence[Json], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers on demand and preemptible, one row a plan, location and way of selling."""
    listed = 0
    for document in documents:
        listing = document.field("plans") or document.field("plans_metal")
        if not listing:
            raise PageBroken(f"{document.capture.url} lists no plans")
        found = [plan for plan in listing if _gpus(plan, notes)]
        listed += len(found)
        yield from each(found, _offers, notes, table="offers", capture=document.capture, ignored=_IGNORED)
    if not listed:
        raise PageBroken("no plan has a whole GPU")


def _gpus(plan: Mapping[str, Any], notes: Notes) -> Gpus | None:
    """GPU and count of a plan, None for one without whole GPUs; a gpu_type that nobody knows is noted."""
    metal = _METAL.search(str(plan.get("id")))
    if metal:
        return metal["gpu"], int(metal["count"] or 1)
    shown = plan.get("gpu_type")
    known = lookup("vultr", "gpus")["gpus"].get(shown)
    if shown and known is None:
        notes.add("unknown_gpu", shown, str(plan.get("id")))
    count = plan.get("gpu_vram_gb", 0) / known["memory_gib"] if known else 0
    return (known["gpu"], int(count)) if known and count >= 1 and count == int(count) else None


def _offers(capture: Capture, record: Record, notes: Notes) -> Iterator[Row]:
    gpus = _gpus(record.raw, notes)
    name, places, ram = record.take("id"), record.take("locations"), record.take_number("ram")
    disk = record.take_number("disk")
    if gpus is None:
        return
    columns = {
        "instance_type": name,
        "vcpus": record.raw.get("vcpu_count") or record.raw.get("cpu_threads"),
        "ram_gib": None if ram is None else ram / _MIB,
        "disk_gib": None if disk is None else disk * record.raw.get("disk_count", 1),
        "gpu_count": gpus[1],
        **gpu_named(gpus[0], notes).columns(),
    }
    for field, pricing_model in _PRICES:
        price = record.take_number(field, None)
        for place in places if price else ():
            yield offer(
                capture,
                offer_key=f"{place}:{name}",
                region=place,
                country=country_of("vultr", place, notes),
                pricing_model=pricing_model,
                usd_per_hour=price,
                price_as_shown=str(record.raw[field]),
                availability="available",
                **columns,
            )
