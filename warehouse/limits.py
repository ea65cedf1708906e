"""Limits of published statistics: minimum samples and windows.

Views, queries, statistics and pages all read them here; SQL finds them in the view `limits`. The thresholds
of the detector and of the gate are in expectations.limits.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from warehouse.text_safety import quoted

Cadence = Literal["nightly", "hourly"]
"""How often a source is read."""
LENGTH: Final[Mapping[Cadence, timedelta]] = MappingProxyType(
    {"nightly": timedelta(days=1), "hourly": timedelta(hours=1)}
)
"""The time from one slot to the next."""
VIEW: Final = "limits"
_HEADER: Final = """-- description: The limits of the published statistics: one row, a column for each.
--
-- Generated: `make docs` writes this file from warehouse/limits.py."""


class Limit(NamedTuple):
    """One limit of a table of limits: its name, value, unit, meaning, and where it comes from."""

    name: str
    value: float
    unit: str
    meaning: str
    source: str


def limit(unit: str, meaning: str, source: str, value: float | None = None) -> Any:
    """A field of a table of limits; `value` is its default."""
    metadata = {"unit": unit, "meaning": meaning, "source": source}
    if value is None:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=value, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class StatisticsLimits:
    """Every limit of a published statistic."""

    least_returns: int = limit("returns", "Fewer give no volatility.", "S1", 20)
    least_slots_a_day: int = limit("slots", "Fewer in a UTC day give no realised volatility.", "S2", 6)
    ewma_decay: float = limit("share", "Weight of the former variance a slot.", "S3, RiskMetrics 1996", 0.94)
    scaled_mad: float = limit(
        "factor",
        "Median absolute deviation to standard deviation, for a normal distribution.",
        "S6, S15",
        1.4826,
    )
    adjacent_within: float = limit(
        "factor", "Snapshots further apart than this many usual distances are not adjacent.", "S9, S10", 1.5
    )
    least_starts: int = limit("starts", "Fewer give no survival of a bid.", "S9", 30)
    least_matches: int = limit("offers", "Fewer on both days give no index.", "S12", 5)
    least_match_share: float = limit(
        "share", "A smaller part of the offers of either day that is on both gives no index.", "S12", 0.5
    )
    geks_days: int = limit("days", "Length of the rolling window.", "S13", 14)
    least_hedonic_offers: int = limit("offers", "Fewer on two days give no hedonic index.", "S14", 60)
    least_hedonic_hosts: int = limit("hosts", "Fewer on two days give no hedonic index.", "S14", 10)
    least_venues: int = limit("providers", "Fewer give no fix.", "S15", 3)
    outlier_mads: float = limit(
        "scaled MAD", "A provider further than this from the median is not in the fix.", "S15", 2.5
    )
    fix_trim: float = limit("share", "Part of the providers trimmed at each end of the fix.", "S15", 0.2)
    deal_within: float = limit("share", "A deal is at most this much over the lowest price.", "S18", 0.05)
    least_deal_days: int = limit("days", "Fewer days of history give no deal.", "S18", 35)


STATISTICS: Final = StatisticsLimits()


def rows(limits: Any) -> Iterator[Limit]:
    """A table of limits, one row a limit, in its order."""
    for one in dataclasses.fields(limits):
        about = one.metadata
        yield Limit(one.name, getattr(limits, one.name), about["unit"], about["meaning"], about["source"])


def view_of_limits() -> str:
    """The text of views/limits.sql: one row, a column for each limit of a statistic."""
    found = list(rows(STATISTICS))
    columns = ",\n".join(f"    {one.value!r} AS {one.name}" for one in found)
    comments = [
        f"COMMENT ON COLUMN {VIEW}.{one.name} IS {quoted(f'{one.meaning} [{one.unit}]')};" for one in found
    ]
    create = f"CREATE OR REPLACE VIEW {VIEW} AS\nSELECT\n{columns};"
    return "\n".join([_HEADER, create, *comments, ""])


def as_markdown(**columns: Any) -> str:
    """Tables of the same limits as one table of a document, a column of values for each, by its title."""
    head = ["limit", *columns, "unit", "meaning", "source"]
    lines = [
        [f"`{one.name}`", *(f"{each.value:.5g}" for each in alike), one.unit, one.meaning, one.source]
        for alike in zip(*map(rows, columns.values()), strict=True)
        for one in alike[:1]
    ]
    written = [f"| {' | '.join(line)} |" for line in [head, *lines]]
    return "\n".join([written[0], f"|{'---|' * len(head)}", *written[1:]])


if __name__ == "__main__":
    sys.stdout.write(view_of_limits())
