"""Availability: machines listed and rented, churn, and breadth over venues."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import duckdb
import polars as pl

from reports.charts import SERIES, Figure, lines
from reports.pages import Page
from reports.pages.names import Names, gpu_names
from reports.queries import run_query
from reports.statistics.shares import wilson
from reports.tables import TableColumn, moment, number, share, signed_share, table

_SHOWN: Final = 8


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The availability page."""
    names = Names(connection)
    shown: dict[str, Any] = {
        "market": table(
            "Listed on the marketplaces' newest day",
            [
                TableColumn("GPU", "gpu", page="gpu_page"),
                TableColumn("marketplace", "venue", page="venue_page"),
                TableColumn("machines", "machines", number, css="number"),
                TableColumn("GPUs", "gpus_total", number, css="number"),
                TableColumn("GPUs free", "gpus_available", number, css="number"),
                TableColumn("rented, of the listed machines", "rented_share", share, css="number"),
                TableColumn(
                    "change of it on the same machines", "matched_change", signed_share, css="number"
                ),
                TableColumn("machines matched", "matched_machines", number, css="number"),
                TableColumn("enters a snapshot", "entry_rate", share, css="number"),
                TableColumn("leaves a snapshot", "exit_rate", share, css="number"),
                TableColumn("snapshots", "snapshots", number, css="number"),
            ],
            names.rows(run_query(connection, "market_now").to_dicts()),
        ),
        "utilisation": table(
            "Rented, by the marketplace's own count",
            [
                TableColumn("GPU", "gpu_as_shown"),
                TableColumn("marketplace", "venue"),
                TableColumn("machines", "machines_total", number, css="number"),
                TableColumn("rented", "machines_rented", number, css="number"),
                TableColumn("in use", "share_rented", share, css="number"),
                TableColumn("mean of 30 days", "share_rented_30d", share, css="number"),
                TableColumn("seen", "slot", moment),
            ],
            names.rows(run_query(connection, "utilisation_now").to_dicts()),
        ),
        "breadth": table(
            "Venues with a GPU, of those that answered on the newest day",
            [
                TableColumn("GPU", "gpu", page="gpu_page"),
                TableColumn("sold as", "pricing_model"),
                TableColumn("venues answering", "venues_answering", number, css="number"),
                TableColumn("with it", "venues_with_stock", number, css="number"),
                TableColumn("breadth", "breadth", share, css="number"),
                TableColumn("95 % interval", "interval"),
            ],
            _breadth(connection),
        ),
        "figures": _figures(connection, names),
    }
    return Page("availability", "Availability", shown)


def _breadth(connection: duckdb.DuckDBPyConnection) -> Iterator[dict[str, Any]]:
    """GPUs that more than one venue sells, with Wilson's interval of the share that has them."""
    for row in run_query(connection, "breadth").to_dicts():
        interval = wilson(row["venues_with_stock"], row["venues_answering"])
        if interval and row["venues_answering"] > 1:
            yield {**row, **gpu_names(row), "interval": f"{interval[0]:.0%} to {interval[1]:.0%}"}


def _figures(connection: duckdb.DuckDBPyConnection, names: Names) -> list[Figure]:
    """GPUs free by day of the models with most, a figure a marketplace."""
    figures = []
    for (provider,), part in run_query(connection, "gpu_availability").group_by(
        "provider", maintain_order=True
    ):
        rows = [{**row, **gpu_names(row)} for row in part.to_dicts()]
        most = pl.DataFrame(rows).group_by("gpu").agg(pl.col("gpus_total").sum()).sort("gpus_total", "gpu")
        chosen = most["gpu"].reverse().head(_SHOWN).to_list()
        frame = pl.DataFrame(
            [
                {"series": row["gpu"], "day": row["day"], "value": row["gpus_available"]}
                for name in chosen
                for row in rows
                if row["gpu"] == name
            ],
            schema=SERIES,
            strict=False,
        )
        title = f"{names.of(str(provider))}: GPUs free, by day"
        figures.append(
            lines(
                frame,
                f"free-{provider}",
                title,
                f"{title}, of the {len(chosen)} models with most",
                data="availability_daily",
                unit="GPUs free",
                form="~s",
            )
        )
    return figures
