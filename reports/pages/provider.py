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
from reports.queries import answer
from reports.tables import (
    Cell,
    Column,
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

_TABLES: Final[Mapping[str, tuple[str, tuple[Column, ...]]]] = {
    "prices": (
        "Asked now for one GPU for an hour",
        (
            Column("GPU", "gpu", page="gpu_page"),
            Column("sold as", "pricing_model"),
            Column("lowest", "lowest", dollars, link="source_url", css="number"),
            Column("median", "median", dollars, css="number"),
            Column("highest", "highest", dollars, css="number"),
            Column("offers", "offers", number, css="number"),
            Column("regions", "regions", number, css="number"),
        ),
    ),
    "changes": (
        "List prices that changed, newest first",
        (
            Column("slot", "slot", moment),
            Column("GPU", "gpu", page="gpu_page"),
            Column("sold as", "pricing_model"),
            Column("median change", "change", signed_share, css="number"),
            Column("from", "least", signed_share, css="number"),
            Column("to", "most", signed_share, css="number"),
            Column("offers", "offers", number, css="number"),
        ),
    ),
    "plans": (
        "Plans and packages now",
        (
            Column("plan", "plan", link="source_url"),
            Column("a month", "usd_per_month", dollars, css="number"),
            Column("once", "usd_once", dollars, css="number"),
            Column("units included", "included_units", number, css="number"),
            Column("unit", "unit"),
            Column("one more", "usd_per_unit", dollars, css="number"),
            Column("seen on", "slot", day),
        ),
    ),
    "terms": (
        "What is last known of free tiers and plan limits",
        (
            Column("tier", "tier"),
            Column("term", "term"),
            Column("state", "state"),
            Column("value", "value", link="source_url"),
            Column("date", "as_stated"),
            Column("standing", "standing"),
        ),
    ),
    "history": (
        "What was stated of them, newest first",
        (
            Column("date", "as_stated"),
            Column("tier", "tier"),
            Column("term", "term"),
            Column("before", "before"),
            Column("stated", "after", link="source_url"),
            Column("words", "quote"),
        ),
    ),
    "sources": (
        "Sources",
        (
            Column("source", "source"),
            Column("newest", "last_status", css="status"),
            Column("last good slot", "last_good_slot", moment),
            Column("rows", "rows_last_good", number, css="number"),
            Column("failures since", "failures_since", number, css="number"),
            Column("why", "last_error"),
        ),
    ),
    "incidents": (
        "Incidents, newest first",
        (
            Column("slot", "slot", moment),
            Column("source", "source"),
            Column("severity", "severity"),
            Column("kind", "kind"),
            Column("what happened", "summary"),
        ),
    ),
}


def pages(connection: duckdb.DuckDBPyConnection) -> Iterator[Page]:
    """A page for each provider of the registry, gone ones included."""
    found = {name: answer(connection, f"provider_{name}") for name in _TABLES}
    for facts in answer(connection, "provider_facts").to_dicts():
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
