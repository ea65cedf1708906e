"""The gold views, one .sql file each, named here in the order they build on each other."""

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
    "breadth_daily",
    "listing_churn",
    "volatility",
    "realised_volatility",
    "price_changes",
    "current_observations",
    "providers_now",
    "free_tier_history",
    "free_tier_changes",
    "free_tier_now",
    "terms_known",
    "plans_now",
    "cheapest_now",
    "freshness",
)
