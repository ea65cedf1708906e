"""Cost against time to train (S21)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingJob:
    """A training run on some offer: how long it takes in hours, and what it costs in USD."""

    hours: float
    usd: float


def training_job(
    usd_per_gpu_hour: float, throughput: float, *, reference: float, reference_hours: float
) -> TrainingJob:
    """The job that takes `reference_hours` on a GPU of throughput `reference`, on one GPU of another.

    hours = reference_hours x reference / throughput, cost = hours x price. One GPU; what several GPUs lose by
    talking to each other is not in it. Raises ValueError for a throughput that is not positive.
    """
    if throughput <= 0 or reference <= 0:
        raise ValueError(f"a throughput of {min(throughput, reference)} trains nothing")
    hours = reference_hours * reference / throughput
    return TrainingJob(hours, hours * usd_per_gpu_hour)


def efficient(runs: Sequence[TrainingJob]) -> list[bool]:
    """Whether each run is on the efficient frontier: none is as fast and as cheap, and better in one."""
    order = sorted(range(len(runs)), key=lambda place: (runs[place].hours, runs[place].usd))
    is_on = [False] * len(runs)
    best: TrainingJob | None = None
    for place in order:
        candidate = runs[place]
        if best is None or candidate.usd < best.usd or candidate == best:
            is_on[place] = True
            best = candidate
    return is_on
