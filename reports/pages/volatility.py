"""Spot volatility: historical volatility with its sticky-price companion, and the bands behind it."""

from __future__ import annotations

import duckdb
import polars as pl

from reports.charts import Figure, bands
from reports.pages import Page
from reports.queries import answer
from reports.tables import Column, dollars, gpu_name, number, share, table


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The spot volatility page."""
    rows = [{**row, "gpu": gpu_name(row)} for row in answer(connection, "volatility").to_dicts()]
    measured = table(
        "Historical volatility of the median price of a GPU-hour, per cent a year",
        [
            Column("GPU", "gpu"),
            Column("provider", "provider"),
            Column("sold as", "pricing_model"),
            Column("median now", "median_now", dollars, css="number"),
            Column("HV7", "hv7", number, css="number"),
            Column("HV30", "hv30", number, css="number"),
            Column("HV90", "hv90", number, css="number"),
            Column("returns in 30 days", "n30", number, css="number"),
            Column("snapshots with a change", "change_share", share, css="number"),
            Column("days between changes", "implied_spell_days", number, css="number"),
            Column("why no HV30", "suppressed30"),
        ],
        rows,
    )
    return Page("volatility", "Spot volatility", {"measured": measured, "figures": _figures(connection)})


def _figures(connection: duckdb.DuckDBPyConnection) -> list[Figure]:
    frame = answer(connection, "bands")
    figures = []
    for (provider, model), part in frame.group_by("provider", "pricing_model", maintain_order=True):
        names = [gpu_name(row) for row in part.to_dicts()]
        series = part.with_columns(pl.Series("series", names, dtype=pl.String))
        title = f"{provider}, {model}: daily price bands of a GPU-hour"
        described = f"{title} in USD, p10 to p90, p25 to p75 and the median, for {len(set(names))} GPU models"
        figures.append(bands(series, f"bands-{provider}-{model}", title, described))
    return figures
