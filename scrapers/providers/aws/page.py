"""EC2 spot prices: spot.json says what a type costs, the Spot Instance Advisor how often it is interrupted.

Traps of spot.json: prices are text ("9.0E-4"; "N/A*" where a type is not sold), the six oldest regions go
by names from before regions had ids, there is no zone and no time, and the bucket of a type says little.
The advisor uses the current region ids and covers fewer pairs; a pair that it lacks has no band, not 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from scrapers.page import (
    Capture,
    Json,
    Notes,
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
from scrapers.providers.aws.offers import spot_offer
from scrapers.providers.aws.on_demand import on_demand
from scrapers.providers.aws.zones import spot_zones

__all__ = ["on_demand", "spot", "spot_zones"]

# `s` of the advisor is the saving in per cent of a list price that it does not give; `dots`, `max` and
# `global_rate` draw its page; `emr` is another product.
_ADVICE_IGNORED: Final = frozenset({"global_rate"})
_FEED_IGNORED: Final = frozenset({"vers"})
_REGION_IGNORED: Final = frozenset({"footnotes"})
_NOT_SOLD: Final = "N/A"
_BAND: Final = re.compile(r"(?:(?P<below><)|(?P<above>>))?(?P<low>\d+)(?:-(?P<high>\d+))?%")


@dataclass(frozen=True)
class Advice:
    """What the Spot Instance Advisor says: machine facts by type, bands by rank, ranks by region and type."""

    types: Mapping[str, Mapping[str, Any]]
    bands: Mapping[int, tuple[float, float]]
    linux: Mapping[str, Mapping[str, Mapping[str, Any]]]

    def columns(self, region: str, instance_type: str) -> dict[str, float | None]:
        """vcpus, ram_gib and the share interrupted in the last month; None where nothing is said."""
        facts = self.types.get(instance_type, {})
        rank = self.linux.get(region, {}).get(instance_type, {}).get("r")
        low, high = self.bands.get(rank, (None, None)) if rank is not None else (None, None)
        return {
            "vcpus": facts.get("cores"),
            "ram_gib": facts.get("ram_gb"),
            "interruption_low": low,
            "interruption_high": high,
        }


@source_page(Json)
def spot(documents: Sequence[Json], notes: Notes) -> Iterator[Row | Rejected]:
    """One offer a region and GPU or accelerator type, Linux, at the spot price of the whole machine."""
    answers = {document.capture.label: document for document in documents}
    if "spot" not in answers:
        raise PageBroken("spot.json was not answered")
    feed = answers["spot"]
    advice = _advice(answers["advisor"], notes) if "advisor" in answers else Advice({}, {}, {})
    for region, bucket, sizes in _shelves(feed, notes):
        read = partial(_offers, region=region, bucket=bucket, advice=advice)
        yield from each(sizes, read, notes, table="offers", capture=feed.capture)


def _shelves(feed: Json, notes: Notes) -> Iterator[tuple[str, str, list[Mapping[str, Any]]]]:
    """Region id, bucket and sizes, shelf by shelf; raises PageBroken when the feed is built otherwise."""
    legacy = lookup("aws", "regions")["legacy"]
    try:
        top = _opened(feed.value, notes, _FEED_IGNORED, "config")
        config = _opened(top["config"], notes, frozenset({"valueColumns", "currencies"}), "rate", "regions")
        if config["rate"] != "perhr":
            raise PageBroken(f"spot.json is priced {config['rate']!r}, expected perhr")
        for raw in config["regions"]:
            region = _opened(raw, notes, _REGION_IGNORED, "region", "instanceTypes")
            region_id = legacy.get(region["region"], region["region"])
            for raw_shelf in region["instanceTypes"]:
                shelf = _opened(raw_shelf, notes, frozenset(), "type", "sizes")
                yield region_id, shelf["type"], shelf["sizes"]
    except (ValueError, TypeError) as problem:
        raise PageBroken(f"spot.json is built otherwise: {problem}") from problem


def _offers(
    capture: Capture, record: Record, notes: Notes, *, region: str, bucket: str, advice: Advice
) -> Iterator[Row]:
    instance_type = record.take("size")
    shown = _linux_price(record.take("valueColumns"))
    known = accelerators(instance_type)
    if known is None:
        if looks_accelerated(instance_type, bucket):
            notes.add("unknown_instance_type", instance_type, f"{bucket} in {region}")
    elif not shown.startswith(_NOT_SOLD):
        yield spot_offer(
            capture,
            known,
            notes,
            region=region,
            instance_type=instance_type,
            shown=shown,
            offer_key=f"{region}:{instance_type}",
            **advice.columns(region, instance_type),
        )


def _linux_price(columns: Iterable[Mapping[str, Any]]) -> str:
    try:
        prices = {column["name"]: column["prices"] for column in columns}
        return str(prices["linux"]["USD"])
    except (KeyError, TypeError) as problem:
        raise Unreadable(f"no Linux price in USD ({problem!r})") from problem


def _advice(answer: Json, notes: Notes) -> Advice:
    try:
        top = _opened(answer.value, notes, _ADVICE_IGNORED, "ranges", "instance_types", "spot_advisor")
        bands = {}
        for raw in top["ranges"]:
            entry = _opened(raw, notes, frozenset({"dots", "max"}), "index", "label")
            band = _band(entry["label"])
            if band is None:
                notes.add("unknown_word", entry["label"], "interruption band of the Spot Instance Advisor")
            else:
                bands[entry["index"]] = band
        linux = {region: systems.get("Linux", {}) for region, systems in top["spot_advisor"].items()}
    except (ValueError, TypeError, AttributeError) as problem:
        raise PageBroken(f"spot-advisor-data.json is built otherwise: {problem}") from problem
    return Advice(top["instance_types"], bands, linux)


def _band(label: str) -> tuple[float, float] | None:
    """The shares behind "<5%", "5-10%" or ">20%"."""
    found = _BAND.fullmatch(label)
    if found is None:
        return None
    low = int(found["low"]) / 100
    if found["below"]:
        return 0.0, low
    if found["above"]:
        return low, 1.0
    return (low, int(found["high"]) / 100) if found["high"] else None


def _opened(raw: Any, notes: Notes, ignored: frozenset[str], *fields: str) -> dict[str, Any]:
    """The named fields of a mapping; what else it holds is noted. Raises Unreadable for a missing one."""
    record = Record(raw)
    values = {field: record.take(field) for field in fields}
    for name in record.leftovers(ignored):
        notes.add("new_field", name, f"beside {', '.join(fields)}")
    return values
