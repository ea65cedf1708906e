"""S14: what a regression must find where the truth is known, and where it must keep still."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import polars as pl
import pytest

from reports.statistics.hedonic import Hedonic, chained, time_dummy


def offers(
    draw: random.Random, *, factor: float, count: int = 80, noise: float = 0.0, **fixed: Any
) -> pl.DataFrame:
    rows = []
    for place in range(count):
        gpus, model = draw.choice([1, 2, 4, 8]), draw.choice(["H100", "A100"])
        ram = draw.choice([64.0, 128.0, 256.0])
        price = (2.0 if model == "H100" else 1.0) * gpus**-0.1 * ram**0.05 * math.exp(draw.gauss(0, noise))
        rows.append(
            {
                "usd_per_gpu_hour": price * factor,
                "host_id": f"h{place % 20}",
                "gpu_model": model,
                "gpu_count": gpus,
                "ram_gib": ram,
                "reliability": None,
                **fixed,
            }
        )
    return pl.DataFrame(rows, schema_overrides={"reliability": pl.Float64})


def test_a_change_is_found_though_the_mix_has_changed() -> None:
    draw = random.Random(5)
    before = offers(draw, factor=1.0)
    after = offers(draw, factor=1.1).filter(pl.col("gpu_model") == "H100")
    level = after["usd_per_gpu_hour"].mean() / before["usd_per_gpu_hour"].mean()  # type: ignore[operator]
    found = time_dummy(before, after)
    assert found.change == pytest.approx(1.1)
    assert level > 1.3
    assert found.used == ("gpu_count", "ram_gib", "gpu_model")


def test_the_interval_holds_the_truth_and_is_that_of_clustered_least_squares() -> None:
    draw = random.Random(7)
    before, after = offers(draw, factor=1.0, noise=0.2), offers(draw, factor=0.9, noise=0.2)
    found = time_dummy(before, after)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.9 < found.high
    both = pl.concat([before.with_columns(t=pl.lit(0.0)), after.with_columns(t=pl.lit(1.0))])
    design = np.column_stack(
        [
            np.ones(both.height),
            both["t"],
            np.log(both["gpu_count"]),
            np.log(both["ram_gib"]),
            both["gpu_model"] == "H100",
        ]
    ).astype(float)
    price = np.log(both["usd_per_gpu_hour"].to_numpy())
    weights, *_ = np.linalg.lstsq(design, price, rcond=None)
    left = price - design @ weights
    bread = np.linalg.inv(design.T @ design)
    meat = np.zeros_like(bread)
    for host in both["host_id"].unique():
        rows = (both["host_id"] == host).to_numpy()
        score = design[rows].T @ left[rows]
        meat += np.outer(score, score)
    groups, n, k = both["host_id"].n_unique(), *design.shape
    error = math.sqrt((bread @ meat @ bread)[1, 1] * groups / (groups - 1) * (n - 1) / (n - k))
    assert found.change == pytest.approx(math.exp(weights[1]))
    assert found.low == pytest.approx(math.exp(weights[1] - 1.959964 * error), rel=1e-5)


def test_another_currency_changes_nothing() -> None:
    before, after = (
        offers(random.Random(1), factor=1.0, noise=0.1),
        offers(random.Random(2), factor=1.0, noise=0.1),
    )
    in_cents = [frame.with_columns(pl.col("usd_per_gpu_hour") * 100) for frame in (before, after)]
    assert time_dummy(*in_cents).change == pytest.approx(time_dummy(before, after).change)


@pytest.mark.parametrize(
    ("count", "why"), [(20, "40 offers of 20 hosts, 60 of 10 needed"), (0, "0 offers of 0 hosts")]
)
def test_too_little_is_no_index(count: int, why: str) -> None:
    frames = [offers(random.Random(1), factor=1.0).head(count) for _ in range(2)]
    found = time_dummy(*frames)
    assert found.change is None
    assert why in found.suppressed


def test_few_hosts_are_no_market() -> None:
    frames = [offers(random.Random(1), factor=1.0, host_id="one") for _ in range(2)]
    assert time_dummy(*frames).suppressed == "160 offers of 1 hosts, 60 of 10 needed"


def test_a_gap_ends_the_chain() -> None:
    up, gap = Hedonic(1.1), Hedonic(None, suppressed="too little")
    assert chained([up, up, gap, up]) == [pytest.approx(110), pytest.approx(121), None, None]
