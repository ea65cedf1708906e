"""One line of the table: two things done side by side, and how many times as much one takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Line:
    """What was measured against what; `ratio` is ours to the other one's, of `unit`.

    `goal` is the most that the ratio should be, None where there is none.
    """

    what: str
    against: str
    ours: float
    others: float
    unit: Literal["s", "bytes a row", "MB"]
    goal: float | None = None

    @property
    def ratio(self) -> float:
        """Ours as a multiple of the other."""
        return self.ours / self.others

    @property
    def met(self) -> str:
        """Whether the goal was reached, in a word."""
        if self.goal is None:
            return "–"
        return "yes" if self.ratio <= self.goal else "no"


def seconds(*works: Callable[[], object], times: int = 3) -> list[float]:
    """The least time of each work over some rounds, in which they take turns."""
    least = [float("inf")] * len(works)
    for _ in range(times):
        for place, work in enumerate(works):
            began = time.perf_counter()
            work()
            least[place] = min(least[place], time.perf_counter() - began)
    return least
