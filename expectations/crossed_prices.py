"""Crossed prices: accepted rows whose prices contradict each other, reported as incidents."""

from __future__ import annotations

from typing import Final

import polars as pl

from expectations.judgement import Case
from expectations.limits import GATE

_OFFERS_AS_EVIDENCE: Final = 20


def look_for_crossed_prices(case: Case) -> None:
    """Warn of spot and interruptible prices far above the on-demand price of the same offer.

    The rows stay accepted: real markets do cross. A parser that mixes up prices of a GPU and of a machine
    crosses nearly all of them.
    """
    if "offers" not in case.accepted:
        return
    prices = case.accepted["offers"].select("offer_key", "pricing_model", "usd_per_gpu_hour")
    on_demand = prices.filter(pl.col("pricing_model") == "on_demand").drop("pricing_model")
    both = (
        prices.filter(pl.col("pricing_model").is_in(["spot", "interruptible"]))
        .join(on_demand, on="offer_key", suffix="_on_demand")
        .drop_nulls()
    )
    crossed = both.filter(
        pl.col("usd_per_gpu_hour") > GATE.crossed_factor * pl.col("usd_per_gpu_hour_on_demand")
    ).sort("offer_key")
    held = crossed.is_empty()
    factor = f"{GATE.crossed_factor:g}"
    name = f"spot at most {factor} times on demand for the same offer"
    case.add_result("offers", name, "warning", success=held, observed=f"{crossed.height} of {both.height}")
    if not held:
        summary = (
            f"{crossed.height} of {both.height} offers sold both ways cost over {factor} times "
            "their on-demand price as spot or interruptible"
        )
        evidence = {"offers": crossed.head(_OFFERS_AS_EVIDENCE).to_dicts()}
        case.add_incident("crossed_prices", "warning", summary, evidence)
