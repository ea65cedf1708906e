"""Thresholds of the gate and the anomaly detector, by cadence, in one table.

The detector's are in slots of a source's own cadence, so that a fortnight is one for an hourly source too.
The limits of published statistics are in warehouse.limits: views need them, and reports may not import
expectations.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from warehouse.limits import LENGTH, STATISTICS, Cadence, as_markdown, limit

SLOTS: Final[Mapping[Cadence, str]] = MappingProxyType({"nightly": "nights", "hourly": "hours"})
"""What the slots of a cadence are called in messages."""


@dataclass(frozen=True, kw_only=True)
class DetectorLimits:
    """The thresholds of expectations.anomalies for one cadence.

    Slots are counted on the clock. A window that holds fewer snapshots than its minimum, because some were
    missed, reaches further back until it has them.
    """

    lookback: int = limit("slots", "How far back prices, columns and models are compared.", "a fortnight")
    least_snapshots: int = limit("snapshots", "Nothing is said of a source that has fewer.", "a fortnight")
    rows_lookback: int = limit("slots", "How far back row counts are compared.", "two fortnights")
    least_rows_snapshots: int = limit(
        "snapshots", "The least that row counts are compared with.", "two fortnights"
    )
    habit_lookback: int = limit(
        "slots", "How far back, from a run without a change, the habit is counted.", "S4"
    )
    least_habit_snapshots: int = limit("snapshots", "The least that the habit is counted over.", "S4")
    least_run: int = limit(
        "slots", "A shorter time without a change is not a freeze.", "one slot alone is not a run"
    )
    unlikely: float = limit(
        "probability", "A run without a change that the habit makes less likely is a freeze.", "S4"
    )
    gone_for: int = limit(
        "slots", "A model that is absent for less has not ended.", "scarce machines come and go"
    )
    gone_snapshots: int = limit(
        "snapshots", "Fewer snapshots without a model end nothing.", "a slot can be missed"
    )
    steady_share: float = limit(
        "share", "Only models on offer this often can end.", "scarce machines come and go"
    )
    outlier_mads: float = limit(
        "scaled MAD", "Rows further under the median have collapsed.", "a choice; see false_alarms.toml"
    )
    scaled_mad: float = limit("factor", "Median absolute deviation to standard deviation.", "S6")
    least_drop: float = limit(
        "share", "A smaller fall of the rows is not a collapse.", "a choice; see false_alarms.toml"
    )
    rescaled_factor: float = limit(
        "factor", "A median this many times, or this part of, all before is another unit.", "cents are 100"
    )
    emptied_to: float = limit(
        "share", "A column with fewer values is empty.", "a choice; see false_alarms.toml"
    )
    filled_before: float = limit(
        "share", "Only a column with as many before can empty.", "a choice; see false_alarms.toml"
    )


def _detector(cadence: Cadence, *, habit_days: int, least_run: int) -> DetectorLimits:
    a_day = timedelta(days=1) // LENGTH[cadence]
    return DetectorLimits(
        lookback=14 * a_day,
        least_snapshots=14,
        rows_lookback=28 * a_day,
        least_rows_snapshots=28,
        habit_lookback=habit_days * a_day,
        least_habit_snapshots=90,
        least_run=least_run,
        # A source that is judged 24 times a day may be wrong no more often in a day than one judged once.
        unlikely=0.001 / a_day,
        gone_for=2 * a_day,
        gone_snapshots=2,
        steady_share=0.9,
        outlier_mads=6.0,
        scaled_mad=STATISTICS.scaled_mad,
        least_drop=0.2,
        rescaled_factor=5.0,
        emptied_to=0.05,
        filled_before=0.9,
    )


DETECTOR: Final[Mapping[Cadence, DetectorLimits]] = MappingProxyType(
    {
        "nightly": _detector("nightly", habit_days=90, least_run=2),
        # 28 days are 672 changes or none, more than 90 nights tell, and a third of the rows to read.
        "hourly": _detector("hourly", habit_days=28, least_run=3),
    }
)


@dataclass(frozen=True, kw_only=True)
class GateLimits:
    """The thresholds of the gate that no source declares for itself."""

    quarantined_share: float = limit(
        "share",
        "With more of its rows quarantined a snapshot is partial.",
        "a choice: no later one compares with it",
        0.2,
    )
    crossed_factor: float = limit(
        "factor",
        "A spot price over this multiple of on demand is worth a look.",
        "real markets do cross",
        2.0,
    )


GATE: Final = GateLimits()


def page() -> str:
    """docs/limits.md: every limit with its value, unit, meaning and source."""
    return "\n".join(
        [
            _HEAD,
            "## The anomaly detector",
            "",
            _DETECTOR,
            "",
            as_markdown(nightly=DETECTOR["nightly"], hourly=DETECTOR["hourly"]),
            "",
            "## The gate",
            "",
            "What else a source must meet is in its own provider.toml.",
            "",
            as_markdown(value=GATE),
            "",
            "## Statistics",
            "",
            "In `warehouse/limits.py`, and in SQL `FROM limits`. S1 and so on are the statistics.",
            "",
            as_markdown(value=STATISTICS),
            "",
        ]
    )


_HEAD: Final = """# Limits

Every threshold, as `make docs` writes it from `expectations/limits.py` and `warehouse/limits.py`.
"""
_DETECTOR: Final = """In slots of a source's own cadence, counted on the clock. A window that has fewer
snapshots than its minimum reaches further back. The judged snapshot is never part of its own baseline, nor
is a later one. What it raises on real histories is in `reports/false_alarms.toml`, and a test counts it."""


if __name__ == "__main__":
    sys.stdout.write(page())
