"""S21: cost and time follow from price and speed, and the frontier is what nothing beats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.statistics.training import TrainingJob, efficient, training_job

RUNS = st.lists(
    st.builds(TrainingJob, st.integers(1, 6).map(float), st.integers(1, 6).map(float)), max_size=12
)


def test_a_gpu_that_is_twice_as_fast_takes_half_the_time() -> None:
    found = training_job(2.0, 180.0, reference=90.0, reference_hours=100.0)
    assert (found.hours, found.usd) == (50.0, 100.0)


@pytest.mark.parametrize("throughput", [0.0, -1.0])
def test_what_has_no_speed_trains_nothing(throughput: float) -> None:
    with pytest.raises(ValueError, match="trains nothing"):
        training_job(1.0, throughput, reference=90.0, reference_hours=100.0)


@given(RUNS)
def test_the_frontier_is_what_nothing_beats(runs: list[TrainingJob]) -> None:
    def beats(one: TrainingJob, other: TrainingJob) -> bool:
        return one.hours <= other.hours and one.usd <= other.usd and one != other

    assert efficient(runs) == [not any(beats(other, one) for other in runs) for one in runs]
