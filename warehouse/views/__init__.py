"""The gold views, one .sql file each, named here in the order they build on each other."""

from collections.abc import Iterator
from importlib import resources
from typing import Final

VIEWS: Final = (
    "current_scrapes",
    "current_offers",
    "current_plans",
    "current_terms",
    "current_utilisation",
    "latest_offers",
    "price_hourly",
    "price_daily",
    "market_machines",
    "availability_daily",
    "rented_daily",
    "listed_daily",
    "breadth_daily",
    "adjacent_snapshots",
    "listing_churn",
    "volatility",
    "realised_volatility",
    "price_changes",
    "current_observations",
    "history_scrapes",
    "history_offers",
    "history_statistics",
    "history_observations",
    "history_sources",
    "history_daily",
    "history_changes",
    "providers_now",
    "free_tier_history",
    "free_tier_changes",
    "free_tier_now",
    "terms_known",
    "plans_now",
    "cheapest_now",
    "freshness",
)


def view_statements() -> Iterator[str]:
    """The statements that (re)create the gold views, in the order they build on each other."""
    yield from map(view_statement, VIEWS)


def view_statement(name: str) -> str:
    """The statement that (re)creates one gold view, with its comments."""
    return (resources.files(__name__) / f"{name}.sql").read_text(encoding="utf-8")
