"""Shares with their intervals (S11)."""

from __future__ import annotations

from scipy.stats import binomtest


def wilson(successes: int, tries: int) -> tuple[float, float] | None:
    """Wilson's 95 % interval of a share (1927); None without a try."""
    if not tries:
        return None
    interval = binomtest(successes, tries).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)
