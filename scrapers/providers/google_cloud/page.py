"""Google Cloud: a weekly list of machines in all regions, Google's own pages for one, and the free trial.

Traps of the list: the name of a GPU is the key of its number ("h100-80gb": 8), a number can be a part of a
GPU, a region that lacks a price does not sell the machine, and a3-highgpu machines of fewer than eight GPUs
have a price on demand at which nobody can have them. Traps of the pages: the region is whatever the selector
says, a family that the region lacks is shown for another one, and spot stands on a page of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from scrapers.page import (
    Capture,
    Html,
    Notes,
    PageBroken,
    Prose,
    Record,
    Rejected,
    Row,
    Saying,
    Unreadable,
    Yaml,
    country_of,
    each,
    gpu_named,
    lookup,
    offer,
    source_page,
    terms_said,
)
from scrapers.providers.google_cloud.catalog import catalog
from scrapers.providers.google_cloud.shown import by_header, shown_offers

__all__ = ["catalog", "iowa", "machines", "trial"]

_PRICES: Final = (("hour", "on_demand"), ("hour_spot", "spot"))
_NOT_ON_DEMAND: Final = frozenset({"a3-highgpu-1g", "a3-highgpu-2g", "a3-highgpu-4g"})
_IGNORED: Final = frozenset({"type", "bandwidth"})
# A commitment is another product; a month is an hour times 730, less discounts of long use.
_COST_IGNORED: Final = frozenset({"month", "month_1y", "month_3y", "month_spot"})
_SAYINGS: Final = (
    Saying("Free trial", "credit_usd", (r"\$(?P<value>\d+)[^.]{0,40}(?:credit|free trial)",), unit="USD"),
    Saying(
        "Free trial",
        "credit_days",
        (r"(?P<value>\d+)[- ]days?[^.]{0,40}(?:trial|credit)", r"credit[^.]{0,60}?(?P<value>\d+) days"),
        unit="days",
    ),
    Saying("Free trial", "gpu_models", denies=r"(?:can't|cannot|can’t) add GPUs"),
    Saying(
        "Free trial",
        "requires_card",
        (r"requires? (?:you to provide )?a credit card", r"credit card or other"),
    ),
)


@source_page(Yaml)
def machines(documents: Sequence[Yaml], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers on demand and spot, one row a region, machine type and way of selling."""
    for document in documents:
        instances = (document.value.get("compute") or {}).get("instance")
        if not isinstance(instances, dict):
            raise PageBroken(f"{document.capture.url} has no compute.instance")
        gpus = lookup("google_cloud", "machines")["gpus"]
        found = [{"name": name, **parts} for name, parts in instances.items() if gpus.keys() & parts.keys()]
        if not found:
            raise PageBroken(f"none of {len(instances)} machines has a GPU that is known")

        yield from each(found, _machine, notes, table="offers", capture=document.capture, ignored=_IGNORED)


def _machine(capture: Capture, record: Record, notes: Notes) -> Iterator[Row]:
    gpus: Mapping[str, str] = lookup("google_cloud", "machines")["gpus"]
    name = record.take("name")
    (part,) = gpus.keys() & record.raw.keys()
    count = record.take_number(part)
    columns: dict[str, Any] = {
        "instance_type": name,
        "vcpus": record.take_number("cpu"),
        "ram_gib": record.take_number("ram"),
        "disk_gib": record.take_number("local-ssd", None),
    }
    costs = record.take("cost", {})
    if count is None or count != int(count):
        return
    gpu = gpu_named(gpus[part], notes).columns() | {"gpu_as_shown": part}
    for region, cost in costs.items():
        prices = Record(cost)
        for field, pricing_model in _PRICES:
            price = prices.take_number(field, None)
            if price is None or (pricing_model == "on_demand" and name in _NOT_ON_DEMAND):
                continue
            if price <= 0:
                raise Unreadable(f"{name} in {region} costs {price}")
            yield offer(
                capture,
                offer_key=f"{region}:{name}",
                pricing_model=pricing_model,
                usd_per_hour=price,
                price_as_shown=str(cost[field]),
                gpu_count=int(count),
                region=region,
                country=country_of("google_cloud", region, notes),
                **columns,
                **gpu,
            )
        for left in prices.leftovers(_COST_IGNORED):
            notes.add("new_field", f"cost.{left}", name)


@source_page(Html)
def iowa(pages: Sequence[Html], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers on demand and spot of the region that each page's selector names."""
    for page in pages:
        yield from shown_offers(page, by_header, notes)


@source_page(Html)
def trial(pages: Sequence[Html], notes: Notes) -> Iterator[Row]:
    """Terms of the free trial."""
    prose = [Prose.of_page(page) for page in pages]
    said = list(terms_said(prose, _SAYINGS, notes))
    if all(row.values["state"] == "unknown" for row in said):
        raise PageBroken("the page says nothing of a trial in words that are known")
    yield from said
