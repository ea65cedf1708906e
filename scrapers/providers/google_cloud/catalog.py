"""Google's Billing Catalog: prices of parts by region, put together into machines.

A price is units + nanos / 1e9, and units alone reads as 0. Spot is called Preemptible. A commitment
("Commitment v1: ...") looks like a part on demand, and a part that is priced by the month is 730 times too
dear by the hour. A wrong service is an empty list with status 200. A TPU is priced by the chip and needs no
putting together; what is reserved or starts late ("Reserved ...", "DWS Defined Duration ...") is another
product.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from scrapers.page import (
    Capture,
    FetchRequest,
    Json,
    Notes,
    PageBroken,
    Row,
    country_of,
    gpu_named,
    lookup,
    offer,
    source_page,
)

_PART: Final = re.compile(
    r"^(?:Spot Preemptible )?(?P<part>.+?)(?: attached to Spot Preemptible VMs)? running in .+$"
)
_USAGES: Final = {"OnDemand": "on_demand", "Preemptible": "spot"}
_UNITS: Final = {"h": 1, "GiBy.h": 1}
_NANO: Final = Decimal("1e-9")


@dataclass(frozen=True)
class _Rate:
    usd: Decimal
    capture: Capture


Rates = dict[tuple[str, str, str], _Rate]


def next_page(request: FetchRequest, answer: Json) -> Iterator[FetchRequest]:
    """The next page, where there is one."""
    token = answer.field("nextPageToken")
    if token:
        yield FetchRequest(f"{request.url.partition('&pageToken=')[0]}&pageToken={token}", request.label)


@source_page(Json, follow=next_page)
def catalog(documents: Sequence[Json], notes: Notes) -> Iterator[Row]:
    """Offers on demand and spot, one row a region, machine type or TPU chip, and way of selling.

    A machine whose parts are not all priced in a region has no row there.
    """
    rates: Rates = {}
    for document in documents:
        skus = document.field("skus")
        if not skus:
            raise PageBroken(f"{document.capture.url} lists no SKUs")
        for sku in skus:
            rates |= _rates(sku, document.capture, notes)
    if not rates:
        raise PageBroken("the catalogue prices no part of a machine with GPUs")
    for region in sorted({region for _, region, _ in rates}):
        for name, machine in lookup("google_cloud", "machines")["built"].items():
            for pricing_model in _USAGES.values():
                yield from _machine(name, machine, region, pricing_model, rates, notes)
    yield from _chips(rates, notes)


def _rates(sku: Mapping[str, Any], capture: Capture, notes: Notes) -> Rates:
    """Hourly rates by part, region and way of selling; none for what is not a part of a machine here."""
    match = _PART.match(str(sku.get("description")))
    pricing_model = _USAGES.get(sku.get("category", {}).get("usageType"))
    if match is None or pricing_model is None or match["part"] not in _wanted():
        return {}
    expression = sku["pricingInfo"][-1]["pricingExpression"]
    if expression["usageUnit"] not in _UNITS:
        notes.add("unknown_word", expression["usageUnit"], f"unit of {sku['description']}")
        return {}
    price = expression["tieredRates"][-1]["unitPrice"]
    usd = Decimal(price.get("units", "0")) + Decimal(price.get("nanos", 0)) * _NANO
    rate = _Rate(usd, capture)
    return {(match["part"], region, pricing_model): rate for region in sku["serviceRegions"] if usd > 0}


def _wanted() -> set[str]:
    built = lookup("google_cloud", "machines")["built"].values()
    parts = {machine["part"] for machine in built}
    families = {machine["family"] for machine in built}
    cores_and_ram = {f"{family} Instance {kind}" for family in families for kind in ("Core", "Ram")}
    return parts | cores_and_ram | set(lookup("google_cloud", "machines")["chips"])


def _machine(
    name: str,
    machine: Mapping[str, Any],
    region: str,
    pricing_model: str,
    rates: Rates,
    notes: Notes,
) -> Iterator[Row]:
    parts = (
        (machine["part"], machine["count"]),
        (f"{machine['family']} Instance Core", machine["vcpus"]),
        (f"{machine['family']} Instance Ram", machine["ram"]),
    )
    priced = [(rates.get((part, region, pricing_model)), count) for part, count in parts]
    known = [(rate, count) for rate, count in priced if rate is not None]
    if len(known) < len(parts):
        return
    yield offer(
        known[0][0].capture,
        offer_key=f"{region}:{name}",
        instance_type=name,
        region=region,
        country=country_of("google_cloud", region, notes),
        pricing_model=pricing_model,
        usd_per_hour=sum((rate.usd * count for rate, count in known), Decimal(0)),
        price_as_shown=" + ".join(f"{count} × {rate.usd.normalize():f}" for rate, count in known),
        gpu_count=machine["count"],
        vcpus=float(machine["vcpus"]),
        ram_gib=float(machine["ram"]),
        **gpu_named(machine["gpu"], notes).columns(),
    )


def _chips(rates: Rates, notes: Notes) -> Iterator[Row]:
    chips: Mapping[str, str] = lookup("google_cloud", "machines")["chips"]
    for (part, region, pricing_model), rate in sorted(rates.items(), key=lambda item: item[0]):
        if part in chips:
            yield offer(
                rate.capture,
                offer_key=f"{region}:{part}",
                region=region,
                country=country_of("google_cloud", region, notes),
                pricing_model=pricing_model,
                usd_per_hour=rate.usd,
                price_as_shown=f"{rate.usd.normalize():f}",
                gpu_count=1,
                **gpu_named(chips[part], notes).columns(),
            )
