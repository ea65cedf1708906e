"""The spider: all jobs of a plan, concurrently."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

from scrapy import Request, Spider

from scrapers.archive.recorded import RecordedWeb
from scrapers.archive.writer import ArchiveWriter, archive_path
from scrapers.crawl.client import JOB, FetchPlan, Job
from scrapers.crawl.job import work
from scrapers.crawl.job_state import JobState
from scrapers.crawl.memory import watch_memory
from scrapers.crawl.proxy import Proxy
from scrapers.crawl.settings import PAGES_AT_ONCE
from scrapers.parser_process import Parser
from scrapers.registry import Registry

_JOBS_AT_ONCE: Final = 64


class SourcesSpider(Spider):
    """Runs the jobs of a plan and tells of each archive as it is sealed.

    Jobs wait for answers and hardly for each other, but for those with a browser: its pages are heavy.
    """

    name = "sources"

    def __init__(
        self,
        plan: FetchPlan,
        registry: Registry,
        web: RecordedWeb | None,
        environment: Mapping[str, str],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._plan = plan
        self._sources = {job.source: registry.source(job.source) for job in plan.jobs}
        self._environment = environment
        self._secrets = registry.credentials(environment)
        self._web = web
        self._parser = Parser()
        self._places = {True: asyncio.Semaphore(PAGES_AT_ONCE), False: asyncio.Semaphore(_JOBS_AT_ONCE)}

    async def start(self) -> AsyncIterator[Any]:
        """Run the jobs; they download for themselves, so that nothing is left to be scheduled."""
        async with AsyncExitStack() as browser:
            proxy = await self._guarded(browser)
            jobs = (self._run(job, proxy) for job in self._plan.jobs)
            ended = await asyncio.gather(*jobs, return_exceptions=True)
        for job, problem in zip(self._plan.jobs, ended, strict=True):
            if problem is not None:
                self.logger.error("%s was not archived", job, exc_info=problem)
        self._parser.close()
        left: list[Request] = []
        for request in left:
            yield request

    async def _guarded(self, browser: AsyncExitStack) -> Proxy | None:
        """Watch the browser's memory, and start its proxy where it is to reach the network."""
        if not any(source.browser for source in self._sources.values()):
            return None
        browser.callback(asyncio.create_task(watch_memory()).cancel)
        return await browser.enter_async_context(Proxy()) if self._web is None else None

    async def _run(self, job: Job, proxy: Proxy | None) -> None:
        source, plan = self._sources[job.source], self._plan
        async with self._places[source.browser]:
            path = archive_path(plan.home, job.source, job.slot, plan.run_id)
            writer = ArchiveWriter(path, source=job.source, slot=job.slot, secrets=self._secrets)
            run = JobState(job, source, plan, writer, self._web, self._parser, proxy, self._environment)
            sealed = await work(run, self._download)
        tell(job=JOB.dump_python(job, mode="json"), path=str(sealed))

    async def _download(self, request: Request) -> Any:
        engine = self.crawler.engine
        if engine is None:
            raise TypeError("a request before the engine started")
        return await engine.download_async(request)


def tell(**event: Any) -> None:
    """Write one event for the process that started this one."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()
