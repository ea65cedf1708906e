"""The hedonic time-dummy index (S14): price changes at constant quality.

On two adjacent days ln p = a + sum b_k ln x_k + dummies + delta * [second day] + e; the index moves by
exp(delta). The standard error is clustered by host, because the offers of one host are priced together.
See the ILO's Consumer Price Index Manual (2020), chapter 7, and Triplett, "Handbook on Hedonic Indexes"
(2004).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import statsmodels.api as sm
from statsmodels.tools.sm_exceptions import ModelWarning

from warehouse.limits import STATISTICS

_DEPENDENT: Final = 1e-9
# Logarithms of amounts; qualities that are shares or flags as they are; names as dummies.
AMOUNTS: Final = ("gpu_count", "vcpus", "ram_gib", "disk_gib")
SHARES: Final = ("reliability", "verified", "datacenter")
NAMES: Final = ("gpu_model", "gpu_form_factor", "gpu_memory_gib", "country")


@dataclass(frozen=True)
class Hedonic:
    """The change between two days at equal quality: 1.02 is dearer by 2 %; `low` and `high` bound 95 %.

    None with too few offers or hosts, for the reason in `suppressed`. `used` are the qualities held equal:
    those that are stated of every offer and differ among them.
    """

    change: float | None
    low: float | None = None
    high: float | None = None
    offers: int = 0
    hosts: int = 0
    explained: float | None = None
    used: tuple[str, ...] = ()
    suppressed: str = ""


def time_dummy(before: pl.DataFrame, after: pl.DataFrame) -> Hedonic:
    """The index of the second day on the first.

    Both frames have `usd_per_gpu_hour` (above 0), `host_id` and the qualities among AMOUNTS, SHARES and
    NAMES.
    """
    both = pl.concat([before.with_columns(is_after=pl.lit(0.0)), after.with_columns(is_after=pl.lit(1.0))])
    both = both.filter(pl.col("usd_per_gpu_hour") > 0, pl.col("host_id").is_not_null())
    hosts = both["host_id"].n_unique()
    offers_needed, hosts_needed = STATISTICS.least_hedonic_offers, STATISTICS.least_hedonic_hosts
    if not before.height or not after.height or both.height < offers_needed or hosts < hosts_needed:
        why = f"{both.height} offers of {hosts} hosts, {offers_needed} of {hosts_needed} needed"
        return Hedonic(None, offers=both.height, hosts=hosts, suppressed=why)
    qualities, used = _design(both)
    design = _independent(np.column_stack([np.ones(both.height), *qualities, both["is_after"].to_numpy()]))
    if design is None:
        return Hedonic(None, offers=both.height, hosts=hosts, suppressed="the qualities tell the days apart")
    codes = both["host_id"].rank("dense").to_numpy()
    with warnings.catch_warnings():
        # Fewer hosts than columns give a covariance of lower rank; only the variance of the last one is used.
        warnings.simplefilter("ignore", ModelWarning)
        fitted = sm.OLS(np.log(both["usd_per_gpu_hour"].to_numpy()), design).fit(
            cov_type="cluster", cov_kwds={"groups": codes}
        )
        delta, (low, high) = float(fitted.params[-1]), fitted.conf_int()[-1]
    return Hedonic(
        math.exp(delta),
        math.exp(low),
        math.exp(high),
        both.height,
        hosts,
        float(fitted.rsquared),
        tuple(used),
    )


def _independent(design: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
    """The columns that are not the sum of those before them; None where the last, the day, is one.

    Model, memory and form factor say some things twice.
    """
    kept = np.abs(np.diag(np.linalg.qr(design, mode="r"))) > _DEPENDENT * math.sqrt(len(design))
    return design[:, kept] if kept[-1] else None


def chained(changes: Sequence[Hedonic]) -> list[float | None]:
    """The level after each change, 100 before the first; a change that is suppressed ends the chain."""
    level: float | None = 100.0
    levels = list[float | None]()
    for found in changes:
        level = None if level is None or found.change is None else level * found.change
        levels.append(level)
    return levels


def _design(offers: pl.DataFrame) -> tuple[list[Any], list[str]]:
    """The columns of the qualities that every offer states and that differ, and their names."""
    columns: list[Any] = []
    used: list[str] = []
    for name in (*AMOUNTS, *SHARES, *NAMES):
        if name not in offers.columns or offers[name].n_unique() < 2:  # noqa: PLR2004 - one value explains nothing
            continue
        column = offers[name]
        if name in NAMES:
            dummies = column.cast(pl.String).fill_null("").to_dummies().to_numpy()[:, 1:]
            columns.extend(dummies.T)
        elif column.null_count() or (name in AMOUNTS and float(column.min() or 0) <= 0):  # type: ignore[arg-type]
            continue
        else:
            values = column.cast(pl.Float64).to_numpy()
            columns.append(np.log(values) if name in AMOUNTS else values)
        used.append(name)
    return columns, used
