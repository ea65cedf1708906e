"""A page for every provider.

Who they are, what they ask, what is free, what changed, and how their sources fare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import duckdb
import polars as pl

from reports.pages import Page
from reports.pages.names import gpu_names
from reports.queries import run_query
from reports.tables import (
    Cell,
    TableColumn,
    TableView,
    day,
    dollars,
    moment,
    number,
    provider_page,
    signed_share,
    table,
    web_link,
)

_TABLES: Final[Mapping[str, tuple[str, tuple[TableColumn, ...]]]] = {
    "prices": (
        "Asked now for one GPU for an hour",
        (
            TableColumn("GPU", "gpu", page="gpu_page"),
            TableColumn("sold as", "pricing_model"),
            TableColumn("lowest", "lowest", dollars, link="source_url", css="number"),
            TableColumn("median", "median", dollars, css="number"),
            TableColumn("highest", "highest", dollars, css="number"),
            TableColumn("offers", "offers", number, css="number"),
            TableColumn("regions", "regions", number, css="number"),
        ),
    ),
    "changes": (
        "List prices that changed, newest first",
        (
            TableColumn("slot", "slot", moment),
            TableColumn("GPU", "gpu", page="gpu_page"),
            TableColumn("sold as", "pricing_model"),
            TableColumn("median change", "change", signed_share, css="number"),
            TableColumn("from", "least", signed_share, css="number"),
            TableColumn("to", "most", signed_share, css="number"),
            TableColumn("offers", "offers", number, css="number"),
        ),
    ),
    "plans": (
        "Plans and packages now",
        (
            TableColumn("plan", "plan", link="source_url"),
            TableColumn("a month", "usd_per_month", dollars, css="number"),
            TableColumn("once", "usd_once", dollars, css="number"),
            TableColumn("units included", "included_units", number, css="number"),
            TableColumn("unit", "unit"),
            TableColumn("one more", "usd_per_unit", dollars, css="number"),
            TableColumn("seen on", "slot", day),
        ),
    ),
    "terms": (
        "What is last known of free tiers and plan limits",
        (
            TableColumn("tier", "tier"),
            TableColumn("term", "term"),
            TableColumn("state", "state"),
            TableColumn("value", "value", link="source_url"),
            TableColumn("date", "as_stated"),
            TableColumn("standing", "standing"),
        ),
    ),
    "history": (
        "What was stated of them, newest first",
        (
            TableColumn("date", "as_stated"),
            TableColumn("tier", "tier"),
            TableColumn("term", "term"),
            TableColumn("before", "before"),
            TableColumn("stated", "after", link="source_url"),
            TableColumn("words", "quote"),
        ),
    ),
    "sources": (
        "Sources",
        (
            TableColumn("source", "source"),
            TableColumn("newest", "last_status", css="status"),
            TableColumn("last good slot", "last_good_slot", moment),
            TableColumn("rows", "rows_last_good", number, css="number"),
            TableColumn("failures since", "failures_since", number, css="number"),
            TableColumn("why", "last_error"),
        ),
    ),
    "incidents": (
        "Incidents, newest first",
        (
            TableColumn("slot", "slot", moment),
            TableColumn("source", "source"),
            TableColumn("severity", "severity"),
            TableColumn("kind", "kind"),
            TableColumn("what happened", "summary"),
        ),
    ),
}


def pages(connection: duckdb.DuckDBPyConnection) -> Iterator[Page]:
    """A page for each provider of the registry, gone ones included."""
    found = {name: run_query(connection, f"provider_{name}") for name in _TABLES}
    for facts in run_query(connection, "provider_facts").to_dicts():
        shown: dict[str, Any] = {
            "facts": facts | {"homepage": web_link(facts["homepage"])},
            "evidence": [Cell(address, web_link(address)) for address in facts["evidence"] or ()],
            "tables": {name: _of(facts["provider"], name, frame) for name, frame in found.items()},
        }
        yield Page(
            provider_page(facts["provider"]), facts["title"], shown, template="provider", parent="providers"
        )


def _of(provider: str, name: str, frame: pl.DataFrame) -> TableView:
    caption, columns = _TABLES[name]
    rows = frame.filter(pl.col("provider") == provider).to_dicts()
    if "gpu_model" in frame.columns:
        rows = [{**row, **gpu_names(row)} for row in rows]
    return table(caption, columns, rows)
