"""The crawl of a run: archives are processed as they are sealed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from flows.operations.derivation import NEVER_FETCHED
from flows.pipeline.steps import step
from flows.runtime.clock import ClockEvidence
from flows.runtime.run import Listener
from scrapers.crawl.client import FetchPlan, FetchRefused, Job, fetch
from scrapers.registry import Source

CRAWL_TIMEOUT: Final = 2 * 3600
"""Seconds for a whole crawl, which bounds each source by its own timeout; this bounds what would hang."""


class Arrivals:
    """Archives as the crawl seals them, and the moment when a source has all of its own.

    `why_missing` says why those that have not landed by the end of the crawl never will.
    """

    def __init__(self, jobs: Sequence[Job], watch: Listener) -> None:
        self._watch = watch
        self.paths: dict[Job, Path | None] = dict.fromkeys(jobs)
        self._outstanding = Counter(job.source for job in jobs)
        self._complete = {source: asyncio.Event() for source in self._outstanding}
        self._sealed: asyncio.Queue[Path | None] = asyncio.Queue()
        self.why_missing = NEVER_FETCHED

    def landed(self, job: Job, path: Path) -> None:
        """Note a sealed archive."""
        self._watch.archived(job)
        self.paths[job] = path
        self._sealed.put_nowait(path)
        self._outstanding[job.source] -= 1
        if not self._outstanding[job.source]:
            self._complete[job.source].set()

    def over(self) -> None:
        """The crawl has ended: what has not landed never will."""
        self._sealed.put_nowait(None)
        for complete in self._complete.values():
            complete.set()

    async def check_clock(self) -> None:
        """Wait until enough hosts confirm this machine's clock, or the crawl is over. Raises ClockWrong."""
        evidence = ClockEvidence()
        while path := await self._sealed.get():
            await asyncio.to_thread(evidence.add, path)
            if evidence.confirms:
                return
        evidence.refuse_wrong_clock()

    async def of(self, source: Source) -> dict[datetime, Path | None]:
        """A source's archives by slot, once all have landed or the crawl is over."""
        await self._complete[source.id].wait()
        return {job.slot: path for job, path in self.paths.items() if job.source == source.id}


@step("crawl", timeout=CRAWL_TIMEOUT)
async def crawl(plan: FetchPlan, arrivals: Arrivals, keys: frozenset[str]) -> None:
    """Fetch and archive every job of the plan in one child process; `keys` are redacted in its log."""
    try:
        await fetch(plan, arrivals.landed, keys)
    except FetchRefused as problem:
        arrivals.why_missing = f"nothing could be fetched: {problem}"
        raise
    finally:
        arrivals.over()
