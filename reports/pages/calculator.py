"""The usage calculator: a month of use by the hour, by plan, for free, and on an own machine.

The page computes with assets/calculator.js; what it shows before anyone has moved a field, and without
scripts, is computed here by the same rules. A test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

import duckdb

from reports.pages import Page
from reports.pages.names import gpu_names
from reports.queries import run_query
from reports.statistics.usage import DAYS, break_even, month_of, owned, planned, rented
from reports.tables import NOTHING, Cell, TableView, dollars, in_short, number, script_json, web_link

Data = dict[str, list[dict[str, Any]]]
_SHOWN: Final = 30
_LABEL: Final = 200


@dataclass(frozen=True)
class Usage:
    """What is asked: hours a day on a GPU by name, or on any with so much memory (GiB).

    `lost` is the share of work that interruptions cost, `price` (USD), `watts`, `kwh` (USD per kWh) and
    `years` are those of a machine of one's own.
    """

    gpu: str = ""
    memory: float = 24
    hours: float = 4
    lost: float = 0.1
    price: float = 3000
    watts: float = 600
    kwh: float = 0.3
    years: float = 3


@dataclass(frozen=True)
class Option:
    """One way to have it.

    What it is, the GPU, USD a month, USD per hour of use, a remark and where it stands.
    """

    way: str
    gpu: str
    usd_per_month: float
    usd_per_hour: float
    remark: str
    url: str = ""


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The calculator page."""
    data = _data(connection)
    usage = Usage()
    shown = {
        "usage": asdict(usage),
        "gpus": sorted({offer["gpu"] for offer in data["offers"]}, key=str.lower),
        "data": script_json(data),
        "options": _table(options(data, usage)),
        "break_even": break_even_in_words(data, usage),
    }
    return Page("calculator", "Usage calculator", shown)


def options(data: Data, usage: Usage) -> list[Option]:
    """Every way to have it, cheapest first; by the hour the cheapest of each provider and way of selling."""
    hours = month_of(usage.hours)
    if not hours:
        return []
    found = [*_by_the_hour(data, usage, hours), *_by_plan(data, usage, hours), *_free(data, usage, hours)]
    own = owned(usage.price, years=usage.years, watts=usage.watts, usd_per_kwh=usage.kwh, hours=hours)
    found.append(
        Option("a machine of your own", "yours", own, own / hours, "its price over its years, and its power")
    )
    return sorted(found, key=lambda option: (option.usd_per_month, option.way, option.gpu))


def break_even_in_words(data: Data, usage: Usage) -> str:
    """From how many hours a day a machine of one's own is cheaper than the cheapest GPU on demand."""
    rates = [offer["usd"] for offer in data["offers"] if offer["sold"] == "on_demand" and _fits(offer, usage)]
    if not rates:
        return "Nobody rents such a GPU out on demand."
    hours = break_even(
        usage.price, years=usage.years, watts=usage.watts, usd_per_kwh=usage.kwh, usd_per_hour=min(rates)
    )
    if hours is None or hours > month_of(24):
        rented_at = f"Renting at {dollars(min(rates))} an hour on demand"
        return f"{rented_at} is cheaper than owning at any number of hours."
    return (
        f"Against {dollars(min(rates))} an hour on demand, owning pays from {hours / DAYS:.1f} hours a day "
        f"({hours:.0f} a month) on."
    )


def asked(values: Mapping[str, str]) -> Usage:
    """The usage that an address asks for: gpu=...&hours=...; what is missing is as when the page opens."""
    named = {field.name: values[field.name] for field in fields(Usage) if field.name in values}
    return Usage(**{name: value if name == "gpu" else float(value) for name, value in named.items()})  # type: ignore[arg-type]


def _fits(row: Mapping[str, Any], usage: Usage) -> bool:
    return bool(row["gpu"] == usage.gpu if usage.gpu else row["memory"] >= usage.memory)


def _by_the_hour(data: Data, usage: Usage, hours: float) -> Iterator[Option]:
    best: dict[tuple[str, str], dict[str, Any]] = {}
    for offer in data["offers"]:
        key = (offer["provider"], offer["sold"])
        if _fits(offer, usage) and (key not in best or offer["usd"] < best[key]["usd"]):
            best[key] = offer
    for (provider, sold), offer in best.items():
        lost = 0.0 if sold == "on_demand" else usage.lost
        cost = rented(offer["usd"], hours, lost=lost)
        where = f", {offer['region']}" if offer["region"] else ""
        way = f"{provider}{where}, {sold.replace('_', ' ')}"
        remark = f"{dollars(offer['usd'])} an hour" + (f", {lost:.0%} of the work done again" if lost else "")
        yield Option(way, offer["gpu"], cost, cost / hours, remark, offer["url"])


def _by_plan(data: Data, usage: Usage, hours: float) -> Iterator[Option]:
    for plan in data["plans"]:
        if not _fits(plan, usage):
            continue
        cost = planned(plan["fee"], plan["units"], plan["usd_per_unit"], plan["rate"], hours)
        if cost is not None:
            remark = f"{plan['rate']:g} units an hour as stated on {plan['stated']}"
            yield Option(
                f"{plan['provider']}, {plan['plan']}", plan["gpu"], cost, cost / hours, remark, plan["url"]
            )


def _free(data: Data, usage: Usage, hours: float) -> Iterator[Option]:
    for tier in data["free"]:
        if _fits(tier, usage) and hours * 12 / 365 * 7 <= tier["hours"]:
            remark = f"up to {tier['hours']:g} hours a week as stated on {tier['stated']}"
            yield Option(f"{tier['provider']}, {tier['tier']}", tier["gpu"], 0.0, 0.0, remark, tier["url"])


def _data(connection: duckdb.DuckDBPyConnection) -> Data:
    """What the page computes with: offers by the hour, plans by unit and GPU, free hours by GPU."""
    offers = [
        {
            "gpu": gpu_names(row)["gpu"],
            "model": row["gpu_model"],
            "memory": row["gpu_memory_gib"],
            "sold": row["pricing_model"],
            "provider": row["provider"],
            "region": row["region"],
            "usd": row["usd_per_gpu_hour"],
            "url": web_link(row["source_url"]),
        }
        for row in run_query(connection, "calculator_offers").to_dicts()
    ]
    memories: dict[str, dict[float, str]] = {}
    for offer in offers:
        memories.setdefault(offer["model"], {}).setdefault(offer["memory"], offer["gpu"])
    data = {
        "offers": [{key: value for key, value in offer.items() if key != "model"} for offer in offers],
        "plans": list(_plans(connection, memories)),
        "free": list(_free_tiers(connection, memories)),
    }
    return {name: [_labelled(row) for row in rows] for name, rows in data.items()}


def _labelled(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose words the page's script may show as they are."""
    return {
        name: in_short(value, _LABEL) if isinstance(value, str) and name != "url" else value
        for name, value in row.items()
    }


def _plans(
    connection: duckdb.DuckDBPyConnection, memories: Mapping[str, Mapping[float, str]]
) -> Iterator[dict[str, Any]]:
    rates = run_query(connection, "unit_rates").to_dicts()
    for plan in run_query(connection, "unit_plans").to_dicts():
        for rate in rates:
            known = memories.get(rate["gpu_model"], {})
            memory: float = rate["gpu_memory_gib"] or min(known, default=0.0)
            if rate["provider_id"] == plan["provider_id"] and memory in known:
                yield {
                    "provider": plan["provider"],
                    "plan": plan["plan"],
                    "fee": plan["usd_per_month"],
                    "units": plan["included_units"] or 0.0,
                    "usd_per_unit": plan["usd_per_unit"],
                    "gpu": known[memory],
                    "memory": memory,
                    "rate": rate["units_per_hour"],
                    "stated": rate["observed_as_stated"],
                    "url": web_link(rate["origin"]) or web_link(plan["source_url"]),
                }


def _free_tiers(
    connection: duckdb.DuckDBPyConnection, memories: Mapping[str, Mapping[float, str]]
) -> Iterator[dict[str, Any]]:
    for tier in run_query(connection, "free_hours").to_dicts():
        for model in tier["models"]:
            known = memories.get(model, {})
            if known and tier["hours"]:
                memory = min(known)
                yield {
                    "provider": tier["provider"],
                    "tier": tier["tier"],
                    "gpu": known[memory],
                    "memory": memory,
                    "hours": tier["hours"],
                    "stated": tier["as_stated"],
                    "url": web_link(tier["source_url"]),
                }


def _table(found: list[Option]) -> TableView:
    headers = (
        Cell("how"),
        Cell("GPU"),
        Cell("a month", css="number"),
        Cell("an hour of use", css="number"),
        Cell("remark"),
    )
    rows = tuple(
        (
            Cell(option.way, option.url),
            Cell(option.gpu),
            Cell(f"${option.usd_per_month:,.2f}", css="number"),
            Cell(dollars(option.usd_per_hour), css="number"),
            Cell(option.remark or NOTHING),
        )
        for option in found[:_SHOWN]
    )
    return TableView(f"The {number(len(rows))} cheapest ways", headers, rows)
