"""Free tiers and plans: current terms, and every change with the words on the page."""

from __future__ import annotations

import duckdb

from reports.pages import Page
from reports.queries import run_query
from reports.tables import TableColumn, day, dollars, number, table, web_link


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The free tiers page."""
    changes = [
        {**row, "link": web_link(row["source_url"]), "year": row["stated_at"].year}
        for row in run_query(connection, "free_tier_changes").to_dicts()
    ]
    terms = [
        {**row, "seen": "yes" if row["still_on_page"] else "no longer"}
        for row in run_query(connection, "free_tier_now").to_dicts()
    ]
    shown = {
        "changes": changes,
        "terms": table(
            "What is last known of every term",
            [
                TableColumn("provider", "provider"),
                TableColumn("tier", "tier"),
                TableColumn("term", "term"),
                TableColumn("value", "value", link="source_url"),
                TableColumn("state", "state"),
                TableColumn("on the page now", "seen"),
                TableColumn("seen on", "slot", day),
                TableColumn("the words on the page", "quote"),
            ],
            terms,
        ),
        "plans": table(
            "Plans and packages now",
            [
                TableColumn("provider", "provider"),
                TableColumn("plan", "plan", link="source_url"),
                TableColumn("a month", "usd_per_month", dollars, css="number"),
                TableColumn("once", "usd_once", dollars, css="number"),
                TableColumn("units included", "included_units", number, css="number"),
                TableColumn("unit", "unit"),
                TableColumn("as shown", "price_as_shown"),
                TableColumn("seen on", "slot", day),
            ],
            run_query(connection, "plans_now").to_dicts(),
        ),
    }
    return Page("free-tiers", "Free tiers and plans", shown)
