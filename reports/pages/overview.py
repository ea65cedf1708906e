"""The overview: cheapest offers, price moves, freshness of every source, incidents."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import duckdb

from reports.pages import Page
from reports.pages.names import Names
from reports.queries import run_query
from reports.statistics.index import daily_fix
from reports.tables import (
    Cell,
    TableColumn,
    TableView,
    day,
    dollars,
    gpu_name,
    gpu_page,
    moment,
    number,
    signed_share,
    table,
    web_link,
)

MODELS = ("on_demand", "spot", "interruptible")


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The overview page."""
    freshness = run_query(connection, "freshness").to_dicts()
    (night,) = run_query(connection, "newest_slot").to_dicts()
    (brought,) = run_query(connection, "since_previous_slot").to_dicts()
    names = Names(connection)
    movers = names.rows(run_query(connection, "movers").to_dicts())
    shown: dict[str, Any] = {
        "sentence": _sentence(night, freshness),
        "brought": _brought(brought),
        "cheapest": _cheapest(run_query(connection, "cheapest").to_dicts(), names),
        "movers": table(
            "Largest moves of the median price of a GPU-hour",
            [
                TableColumn("GPU", "gpu", page="gpu_page"),
                TableColumn("provider", "venue", page="venue_page"),
                TableColumn("sold as", "pricing_model"),
                TableColumn("median now", "median_now", dollars, css="number"),
                TableColumn("1 day", "change_1d", signed_share, css="number"),
                TableColumn("7 days", "change_7d", signed_share, css="number"),
            ],
            movers,
        ),
        "fixes": table(
            "The fix: one price on demand for each GPU, over all providers",
            [
                TableColumn("GPU", "gpu", page="gpu_page"),
                TableColumn("fix", "value", dollars, css="number"),
                TableColumn("providers", "venues", number, css="number"),
                TableColumn("left out as outliers", "dropped", number, css="number"),
            ],
            _fixes(run_query(connection, "venue_medians").to_dicts()),
        ),
        "freshness": table(
            "Every source and its last good slot",
            [
                TableColumn("source", "source"),
                TableColumn("newest", "last_status", css="status"),
                TableColumn("last good slot", "last_good_slot", moment),
                TableColumn("rows", "rows_last_good", number, css="number"),
                TableColumn("failures since", "failures_since", number, css="number"),
                TableColumn("why", "last_error"),
            ],
            freshness,
        ),
        "incidents": table(
            "Incidents, newest first",
            [
                TableColumn("slot", "slot", moment),
                TableColumn("source", "source"),
                TableColumn("severity", "severity"),
                TableColumn("kind", "kind"),
                TableColumn("what happened", "summary"),
            ],
            run_query(connection, "incidents").head(10).to_dicts(),
        ),
    }
    return Page("index", "Overview", shown)


def _sentence(night: dict[str, Any], freshness: list[dict[str, Any]]) -> str:
    if night["slot"] is None:
        failed = sum(row["last_status"] not in {"ok", "partial"} for row in freshness)
        return f"No offer has been stored yet; {failed} of {len(freshness)} sources failed at their last try."
    good = sum(row["last_status"] in {"ok", "partial"} for row in freshness)
    return (
        f"The newest snapshot is of {moment(night['slot'])}: {night['offers']:,} offers of "
        f"{night['gpu_models']} GPU models. {good} of {len(freshness)} sources were read at their last try. "
        f"The ledger holds {night['slots']} snapshots."
    )


def _brought(found: dict[str, Any]) -> str:
    """The newest night in a sentence; what nothing could be compared with is left out."""
    if found["day"] is None:
        return ""
    entered, left = found["entered"], found["left_market"]
    parts = [
        f"{found['fell']:,} prices fell and {found['rose']:,} rose",
        f"{entered:,} listings entered the marketplaces and {left:,} left them"
        if entered is not None
        else "",
        f"{found['terms']:,} terms of free tiers and plans changed",
        f"{found['incidents']:,} incidents were raised",
    ]
    return f"On {day(found['day'])}, against the snapshots before: {'; '.join(filter(None, parts))}."


def _cheapest(rows: list[dict[str, Any]], names: Names) -> TableView:
    """One row a GPU, one column a pricing model; each price links to where it stood, a deal says so."""
    by_gpu: dict[tuple[str, str], dict[str, Cell]] = {}
    for row in rows:
        place = names.of(row["provider"]) + (f", {row['region']}" if row["region"] else "")
        deal = (
            f"deal: the lowest in {row['days']} days was {dollars(row['lowest_ever'])}"
            if row["is_deal"]
            else ""
        )
        cell = Cell(f"{dollars(row['usd_per_gpu_hour'])} {place}", web_link(row["source_url"]), "price", deal)
        by_gpu.setdefault((gpu_name(row), gpu_page(row)), {})[row["pricing_model"]] = cell
    return TableView(
        "Cheapest offer of a GPU-hour now",
        (Cell("GPU"), *(Cell(model.replace("_", " ")) for model in MODELS)),
        tuple(
            (Cell(gpu, f"{page}.html"), *(cells.get(model, Cell("–")) for model in MODELS))
            for (gpu, page), cells in by_gpu.items()
        ),
    )


def _fixes(medians: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The fix of every GPU that at least three providers sell on demand."""
    rows = []
    for (gpu, page), group in groupby(medians, key=lambda row: (gpu_name(row), gpu_page(row))):
        fix = daily_fix([row["usd_per_gpu_hour"] for row in group])
        if fix.value is not None:
            rows.append(
                {
                    "gpu": gpu,
                    "gpu_page": page,
                    "value": fix.value,
                    "venues": fix.venues,
                    "dropped": fix.dropped,
                }
            )
    return rows
