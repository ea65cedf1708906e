"""Spot volatility: historical volatility, its sticky-price companion, and price bands."""

from __future__ import annotations

from statistics import median
from typing import Any, Final

import duckdb
import polars as pl

from reports.charts import Figure, bands
from reports.pages import Page, markets
from reports.pages.names import Names, with_shortfall
from reports.queries import run_query
from reports.statistics.index import chained
from reports.tables import TableColumn, dollars, gpu_name, number, share, signed_share, table

_SERIES: Final = ["provider", "gpu_model", "gpu_form_factor", "gpu_memory_gib", "pricing_model"]
_DAYS: Final = 7


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The spot volatility page."""
    names = Names(connection)
    rows = map(with_shortfall, names.rows(run_query(connection, "volatility").to_dicts()))
    measured = table(
        "Historical volatility of the median price of a GPU-hour, per cent a year",
        [
            TableColumn("GPU", "gpu", page="gpu_page"),
            TableColumn("source", "source", page="venue_page"),
            TableColumn("sold as", "pricing_model"),
            TableColumn("median now", "median_now", dollars, css="number"),
            TableColumn("HV7", "hv7", number, css="number"),
            TableColumn("HV30", "hv30", number, css="number", note="short"),
            TableColumn("HV90", "hv90", number, css="number"),
            TableColumn("EWMA", "ewma_volatility", number, css="number"),
            TableColumn("with a change", "change_share", share, css="number"),
            TableColumn("of them up", "up_part", share, css="number"),
            TableColumn("days between changes", "implied_spell_days", number, css="number"),
            TableColumn("deepest fall", "max_drawdown", share, css="number"),
            TableColumn("highest rise", "max_run_up", share, css="number"),
            TableColumn("saved against on demand", "discount", share, css="number"),
        ],
        rows,
    )
    indexed = table(
        "Level and index of the last 30 days",
        [
            TableColumn("GPU", "gpu", page="gpu_page"),
            TableColumn("provider", "venue", page="venue_page"),
            TableColumn("sold as", "pricing_model"),
            TableColumn("change of the median", "level", signed_share, css="number"),
            TableColumn("change of the index", "index", signed_share, css="number"),
            TableColumn("offers matched last", "matched", number, css="number"),
            TableColumn("of all offers", "share", share, css="number"),
            TableColumn("days with an index", "days", number, css="number"),
            TableColumn("why none on the last day", "suppressed"),
        ],
        names.rows(_indexed(run_query(connection, "matched_prices"))),
    )
    interrupted = table(
        "Spot machines interrupted in the last month, pairs of region and type by band",
        [
            TableColumn("GPU", "gpu", page="gpu_page"),
            TableColumn("provider", "venue", page="venue_page"),
            TableColumn("at least", "interruption_low", share, css="number"),
            TableColumn("at most", "interruption_high", share, css="number"),
            TableColumn("pairs", "pairs", number, css="number"),
            TableColumn("median a GPU-hour", "median", dollars, css="number"),
        ],
        names.rows(run_query(connection, "interruptions").to_dicts()),
    )
    shown = {
        "measured": measured,
        "indexed": indexed,
        "interrupted": interrupted,
        "figures": _figures(connection),
        **markets.shown(connection, names),
    }
    return Page("volatility", "Spot volatility", shown)


def _indexed(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """A row a series: how its median and its matched-offer index have changed, largest index change first."""
    rows = []
    for _, part in frame.group_by(_SERIES, maintain_order=True):
        days = [
            (found[0], dict(zip(of_day["key"], of_day["usd_per_gpu_hour"], strict=True)))
            for found, of_day in part.group_by("day", maintain_order=True)
        ]
        links = chained(days)
        values = [link.value for link in links if link.value is not None]
        if len(values) < _DAYS:
            continue
        rows.append(
            {
                **part.row(0, named=True),
                "level": median(days[-1][1].values()) / median(days[0][1].values()) - 1,
                "index": values[-1] / values[0] - 1,
                "matched": links[-1].matched,
                "share": links[-1].share,
                "days": len(values),
                "suppressed": links[-1].suppressed or None,
            }
        )
    return sorted(rows, key=lambda row: -abs(row["index"]))


def _figures(connection: duckdb.DuckDBPyConnection) -> list[Figure]:
    frame = run_query(connection, "bands")
    figures = []
    for (provider, model), part in frame.group_by("provider", "pricing_model", maintain_order=True):
        names = [gpu_name(row) for row in part.to_dicts()]
        series = part.with_columns(pl.Series("series", names, dtype=pl.String))
        title = f"{provider}, {model}: daily price bands of a GPU-hour"
        described = f"{title} in USD, p10 to p90, p25 to p75 and the median, for {len(set(names))} GPU models"
        figures.append(bands(series, f"bands-{provider}-{model}", title, described))
    return figures
