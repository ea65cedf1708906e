"""Free tiers and plans: what holds now, and every change with the words on the page."""

from __future__ import annotations

import duckdb

from reports.pages import Page
from reports.queries import answer
from reports.tables import Column, day, dollars, number, table, web_link


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The free tiers page."""
    changes = [
        {**row, "link": web_link(row["source_url"]), "year": row["stated_at"].year}
        for row in answer(connection, "free_tier_changes").to_dicts()
    ]
    terms = [
        {**row, "seen": "yes" if row["still_on_page"] else "no longer"}
        for row in answer(connection, "free_tier_now").to_dicts()
    ]
    shown = {
        "changes": changes,
        "terms": table(
            "What is last known of every term",
            [
                Column("provider", "provider"),
                Column("tier", "tier"),
                Column("term", "term"),
                Column("value", "value", link="source_url"),
                Column("state", "state"),
                Column("on the page now", "seen"),
                Column("seen on", "slot", day),
                Column("the words on the page", "quote"),
            ],
            terms,
        ),
        "plans": table(
            "Plans and packages now",
            [
                Column("provider", "provider"),
                Column("plan", "plan", link="source_url"),
                Column("a month", "usd_per_month", dollars, css="number"),
                Column("once", "usd_once", dollars, css="number"),
                Column("units included", "included_units", number, css="number"),
                Column("unit", "unit"),
                Column("as shown", "price_as_shown"),
                Column("seen on", "slot", day),
            ],
            answer(connection, "plans_now").to_dicts(),
        ),
    }
    return Page("free-tiers", "Free tiers and plans", shown)
