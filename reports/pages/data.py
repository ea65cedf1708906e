"""The data page: how to open the warehouse, the views, and the dictionary of every column."""

from __future__ import annotations

from typing import Final

import duckdb

from reports.pages import Page
from reports.queries import answer
from reports.tables import Column, table
from warehouse.derive import dictionary

EXAMPLES: Final = (
    ("The cheapest place for each GPU now", "FROM cheapest_now ORDER BY gpu_model, usd_per_gpu_hour"),
    (
        "The market for one GPU, day by day",
        "SELECT day, pricing_model, p10, p50, p90, offers FROM price_daily\n"
        "WHERE gpu_model = 'RTX 4090' AND provider = 'vast_ai' ORDER BY day",
    ),
    (
        "Every price change of one instance type",
        "SELECT slot, region, usd_per_hour_before, usd_per_hour FROM price_changes\n"
        "WHERE instance_type = 'p5.48xlarge' ORDER BY slot",
    ),
    ("What changed in free tiers", "FROM free_tier_changes ORDER BY changed_at DESC"),
    (
        "The archived response behind an offer",
        "SELECT o.offer_key, o.price_as_shown, c.url, c.fetched_at, c.warc_file, c.warc_offset\n"
        "FROM latest_offers o JOIN captures c USING (capture_id, run_id, source, slot) LIMIT 5",
    ),
)


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The data page."""
    shown = {
        "examples": EXAMPLES,
        "views": table(
            "Gold views",
            [Column("view", "view_name"), Column("what it holds", "comment")],
            answer(connection, "views").to_dicts(),
        ),
        "columns": table(
            "Data dictionary",
            [
                Column("table", "table_name"),
                Column("column", "column_name"),
                Column("type", "type"),
                Column("unit", "unit"),
                Column("meaning", "meaning"),
                Column("bounds", "bounds"),
            ],
            dictionary().to_dicts(),
        ),
    }
    return Page("data", "Data", shown)
