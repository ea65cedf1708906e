"""The marketplaces as a whole, part of the volatility page.

One level and three indices of the same offers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any, Final

import duckdb
import numpy as np
import polars as pl

from reports.charts import Figure, lines
from reports.pages.names import Names
from reports.queries import run_query
from reports.statistics import geks, hedonic, index
from reports.tables import TableColumn, number, signed_share, table

_MARKET: Final = ["source", "pricing_model"]
_WAYS: Final = {
    "level": "level (mean)",
    "jevons": "matched, chained",
    "geks": "matched, GEKS",
    "hedonic": "hedonic",
}


def shown(connection: duckdb.DuckDBPyConnection, names: Names) -> dict[str, Any]:
    """`markets`, a table of each marketplace and way of selling, and `market_figures`, their indices."""
    rows, figures = [], []
    for (source, pricing_model), offers in run_query(connection, "market_offers").group_by(
        _MARKET, maintain_order=True
    ):
        venue = names.of(offers["provider"][0])
        sold = str(pricing_model).replace("_", " ")
        days = [(day[0], part) for day, part in offers.group_by("day", maintain_order=True)]
        by_way = _indices(days)
        newest = hedonic.time_dummy(days[-2][1], days[-1][1]) if len(days) > 1 else hedonic.Hedonic(None)
        rows.append(
            {
                "venue": venue,
                "sold": sold,
                "days": len(days),
                **{way: _change(values) for way, values in by_way.items()},
                "last": None if newest.change is None else newest.change - 1,
                "low": None if newest.low is None else newest.low - 1,
                "high": None if newest.high is None else newest.high - 1,
                "offers": newest.offers,
                "explained": newest.explained,
                "suppressed": newest.suppressed or None,
            }
        )
        figures.append(
            _figure(f"{venue}, {sold}", f"{source}-{pricing_model}", [day for day, _ in days], by_way)
        )
    return {
        "market_figures": figures,
        "markets": table(
            "Change over the last 30 days, and since the day before at equal quality",
            [
                TableColumn("marketplace", "venue"),
                TableColumn("sold as", "sold"),
                TableColumn("days", "days", number, css="number"),
                TableColumn("level", "level", signed_share, css="number"),
                TableColumn("matched, chained", "jevons", signed_share, css="number"),
                TableColumn("matched, GEKS", "geks", signed_share, css="number"),
                TableColumn("hedonic", "hedonic", signed_share, css="number"),
                TableColumn("last day, hedonic", "last", signed_share, css="number"),
                TableColumn("from", "low", signed_share, css="number"),
                TableColumn("to", "high", signed_share, css="number"),
                TableColumn("offers", "offers", number, css="number"),
                TableColumn("explained", "explained", lambda share: f"{share:.0%}", css="number"),
                TableColumn("why none", "suppressed"),
            ],
            rows,
        ),
    }


def _indices(days: list[tuple[Any, pl.DataFrame]]) -> dict[str, list[float | None]]:
    """Each index by day, 100 on the first; the level is the mean price of a GPU, each GPU counted once."""
    levels = [float(np.average(part["usd_per_gpu_hour"], weights=part["gpu_count"])) for _, part in days]
    prices = [
        (day, dict(zip(part["machine_id"], part["usd_per_gpu_hour"], strict=True))) for day, part in days
    ]
    changes = [hedonic.time_dummy(before, after) for (_, before), (_, after) in pairwise(days)]
    return {
        "level": [100 * level / levels[0] for level in levels],
        "jevons": [link.value for link in index.chained(prices)],
        "geks": [link.value for link in geks.geks(prices)],
        "hedonic": [100.0, *hedonic.chained(changes)],
    }


def _change(values: list[float | None]) -> float | None:
    """From the first day to the last; None where the last has no value."""
    first, last = values[0], values[-1]
    return None if first is None or last is None or len(values) == 1 else last / first - 1


def _figure(name: str, identity: str, days: list[date], by_way: dict[str, list[float | None]]) -> Figure:
    title = f"{name}: the level and three indices of the same offers"
    return lines(
        pl.DataFrame(list(_points(days, by_way)), schema=["series", "day", "value"], orient="row"),
        f"market-{identity.replace('.', '-')}",
        title,
        f"{title}, 100 on the first day of the last 30",
        data="market_machines",
        unit="first day = 100",
        form=".1f",
    )


def _points(
    days: list[date], by_way: dict[str, list[float | None]]
) -> Iterator[tuple[str, date, float | None]]:
    for way, values in by_way.items():
        for day, value in zip(days, values, strict=True):
            yield _WAYS[way], day, value
