"""Where to train: cost against time of one training job on every offer, and when spot still pays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import duckdb
import polars as pl

from reports.charts import Figure, frontier
from reports.pages import Page
from reports.pages.names import Names
from reports.queries import run_query
from reports.statistics.training import efficient, training_job
from reports.tables import TableColumn, dollars, number, share, table

REFERENCE: Final = "RTX 4090"
REFERENCE_HOURS: Final = 100.0


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The training page."""
    names = Names(connection)
    runs = _runs(names.rows(run_query(connection, "training_offers").to_dicts()))
    shown: dict[str, Any] = {
        "reference": REFERENCE,
        "reference_hours": REFERENCE_HOURS,
        "figures": _figures(runs),
        "frontier": _table("The efficient frontier", [row for row in runs if row["is_efficient"]]),
        "runs": _table("Every provider and GPU, cheapest first", sorted(runs, key=lambda row: row["usd"])),
        "discounts": table(
            "What spot saves, and what it survives",
            [
                TableColumn("provider", "venue", page="venue_page"),
                TableColumn("GPU", "gpu", page="gpu_page"),
                TableColumn("on demand", "on_demand", dollars, css="number"),
                TableColumn("spot", "spot", dollars, css="number"),
                TableColumn("saved, and what may be lost", "discount", share, css="number"),
                TableColumn("machines or types", "things", number, css="number"),
            ],
            names.rows(run_query(connection, "spot_discounts").to_dicts()),
        ),
    }
    return Page("training", "Where to train", shown)


def _runs(named: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every offer with its time and cost, fastest first; none where the reference GPU is not measured."""
    offers = list(named)
    reference = next((row["dlperf"] for row in offers if row["gpu_model"] == REFERENCE), None)
    if reference is None:
        return []
    runs = [
        training_job(
            row["usd_per_gpu_hour"], row["dlperf"], reference=reference, reference_hours=REFERENCE_HOURS
        )
        for row in offers
    ]
    rows = [
        {**row, "hours": found.hours, "usd": found.usd, "is_efficient": is_on}
        for row, found, is_on in zip(offers, runs, efficient(runs), strict=True)
    ]
    return sorted(rows, key=lambda row: (row["hours"], row["usd"]))


def _table(caption: str, rows: list[dict[str, Any]]) -> Any:
    columns = [
        TableColumn("GPU", "gpu", page="gpu_page"),
        TableColumn("provider", "venue", page="venue_page"),
        TableColumn("sold as", "pricing_model"),
        TableColumn("region", "region"),
        TableColumn("a GPU-hour", "usd_per_gpu_hour", dollars, link="source_url", css="number"),
        TableColumn("hours", "hours", number, css="number"),
        TableColumn("cost of the job", "usd", dollars, css="number"),
        TableColumn("DLPerf of one GPU", "dlperf", number, css="number"),
        TableColumn("machines measured", "machines", number, css="number"),
    ]
    return table(caption, columns, rows)


def _figures(runs: list[dict[str, Any]]) -> list[Figure]:
    if not runs:
        return []
    title = f"Cost and time of a job that takes {REFERENCE_HOURS:g} hours on one {REFERENCE}"
    shown = [{**row, "provider": row["venue"]} for row in runs]
    described = f"{title}: every provider's cheapest offer of each GPU, and the line of those that none beats"
    columns = ("gpu", "provider", "pricing_model", "usd_per_gpu_hour", "hours", "usd", "is_efficient")
    return [frontier(pl.DataFrame(shown).select(columns), "frontier", title, described)]
