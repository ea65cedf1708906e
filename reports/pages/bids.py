"""What to bid: how long bids have survived on a marketplace, and the lowest bid that sufficed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np
import polars as pl

from reports.charts import Figure, curves
from reports.pages import Page
from reports.pages.names import Names
from reports.queries import run_query
from reports.statistics.bids import Floats, bids_to_show, price_at_risk, price_availability, survival
from reports.tables import TableColumn, dollars, number, share, table

HORIZONS: Final = (24.0, 72.0)
_SHARES: Final = (0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9)
_AT_RISK: Final = (0.5, 0.9, 0.95)
_SERIES: Final = ["source", "gpu_model", "gpu_form_factor", "gpu_memory_gib"]


@dataclass(frozen=True)
class _Market:
    """The machines of one GPU model: a row a machine, a column a slot, NaN where it was not listed.

    `named` is what its rows in a table say of it: its GPU and its provider, each with the name of its page.
    """

    named: dict[str, str]
    hours: Floats
    prices: Floats
    cadence: float


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The bidding page."""
    prices, slots = run_query(connection, "bid_prices"), run_query(connection, "good_slots")
    markets = _markets(prices, slots, Names(connection))
    held = [row for market in markets for row in _held(market)]
    shown: dict[str, Any] = {
        "held": table(
            "How long a bid has held",
            [
                TableColumn("GPU", "gpu", page="gpu_page"),
                TableColumn("provider", "venue", page="venue_page"),
                TableColumn("a bid of", "bid", dollars, css="number"),
                TableColumn("some machine cost no more", "available", share, css="number"),
                TableColumn("held 24 h", "held_24", share, css="number"),
                TableColumn("95 % of days", "interval_24"),
                TableColumn("held 72 h", "held_72", share, css="number"),
                TableColumn("starts", "starts", number, css="number"),
                TableColumn("days", "days", number, css="number"),
                TableColumn("why no figure", "suppressed"),
            ],
            held,
        ),
        "at_risk": table(
            "The least bid that was enough for the cheapest machine",
            [
                TableColumn("GPU", "gpu", page="gpu_page"),
                TableColumn("provider", "venue", page="venue_page"),
                TableColumn("half of the time", "par_50", dollars, css="number"),
                TableColumn("90 % of the time", "par_90", dollars, css="number"),
                TableColumn("95 % of the time", "par_95", dollars, css="number"),
                TableColumn("slots", "slots", number, css="number"),
            ],
            [_least(market) for market in markets],
        ),
        "figures": _figures(held),
    }
    return Page("bids", "What to bid", shown)


def _markets(machines: pl.DataFrame, good: pl.DataFrame, names: Names) -> list[_Market]:
    found = []
    for key, part in machines.group_by(_SERIES, maintain_order=True):
        slots = good.filter(pl.col("source") == key[0])["slot"]
        hours = slots.dt.epoch("s").to_numpy() / 3600
        places = {slot: place for place, slot in enumerate(slots.to_list())}
        listed = {name: row for row, name in enumerate(part["machine_id"].unique(maintain_order=True))}
        prices = np.full((len(listed), len(places)), np.nan)
        for row in part.iter_rows(named=True):
            prices[listed[row["machine_id"]], places[row["slot"]]] = row["usd_per_gpu_hour"]
        cadence = float(np.median(np.diff(hours))) if len(hours) > 1 else 24.0
        (first,) = names.rows([part.row(0, named=True)])
        named = {name: first[name] for name in ("gpu", "gpu_page", "venue", "venue_page")}
        found.append(_Market(named, hours, prices, cadence))
    return found


def _cheapest(market: _Market) -> tuple[Floats, Floats]:
    """Time and price of the cheapest machine, of the slots that had one."""
    listed = ~np.isnan(market.prices).all(axis=0)
    return market.hours[listed], np.nanmin(market.prices[:, listed], axis=0)


def _held(market: _Market) -> list[dict[str, Any]]:
    hours, least = _cheapest(market)
    rows = []
    for bid in bids_to_show(market.prices[~np.isnan(market.prices)], _SHARES):
        day, days = (
            survival(market.hours, market.prices, bid, horizon=horizon, cadence=market.cadence)
            for horizon in HORIZONS
        )
        interval = "" if day.low is None or day.high is None else f"{day.low:.0%} to {day.high:.0%}"
        rows.append(
            {
                **market.named,
                "bid": bid,
                "available": price_availability(hours, least, bid, cadence=market.cadence),
                "held_24": day.held,
                "low": day.low,
                "high": day.high,
                "interval_24": interval or None,
                "held_72": days.held,
                "starts": day.starts,
                "days": day.days,
                "suppressed": day.suppressed or days.suppressed or None,
            }
        )
    return rows


def _least(market: _Market) -> dict[str, Any]:
    hours, least = _cheapest(market)
    at_risk = {
        f"par_{enough * 100:.0f}": price_at_risk(hours, least, enough, cadence=market.cadence)
        for enough in _AT_RISK
    }
    return {**market.named, "slots": len(hours), **at_risk}


def _figures(held: list[dict[str, Any]]) -> list[Figure]:
    figures = []
    for venue in dict.fromkeys(row["venue"] for row in held):
        rows = [row for row in held if row["venue"] == venue and row["held_24"] is not None]
        if rows:
            title = f"{venue}: the share of starts that still held after 24 hours, by the bid"
            described = f"{title} in USD per GPU-hour, with the interval of a bootstrap over days"
            figures.append(curves(pl.DataFrame(rows), f"held-{rows[0]['venue_page']}", title, described))
    return figures
