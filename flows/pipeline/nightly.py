"""The nightly flow: fetch -> archive -> parse -> validate -> append -> publish -> report.

One crawl in a child process serves every due source. Each source is a task of its own that waits for
its captures and then goes its own way, so that one that fails leaves a scrapes row with the reason
and never stops the others.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from prefect.artifacts import acreate_link_artifact, acreate_table_artifact
from prefect.context import FlowRunContext

from flows.alerts.notify import Notification, notify
from flows.history.facts import load_facts
from flows.operations.derivation import unstored
from flows.operations.site import render
from flows.operations.unsealed_archives import clear_unsealed
from flows.pipeline.crawl import CRAWL_TIMEOUT, Arrivals, crawl
from flows.pipeline.ingest import ingest
from flows.pipeline.missed_slots import missed
from flows.pipeline.provider_registry import register
from flows.pipeline.steps import as_flow, is_of_the_api, run_logger, step
from flows.runtime.clock import refuse_earlier_clock
from flows.runtime.lock import run_lock
from flows.runtime.run import UNSTORED, Listener, RunRequest, RunSummary, due, new_run_id, refuse_mixture
from scrapers.crawl.client import FetchPlan, Job
from scrapers.parser_process import Parser
from scrapers.registry import Source
from scrapers.slots import slot_name
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.storage import Storage
from warehouse.text_safety import visible

SOURCE_TIMEOUT: Final = CRAWL_TIMEOUT + 1800
"""Seconds for one source, its share of the crawl included."""


def why_failed(records: Sequence[ScrapeRecord]) -> str:
    """Why a source counts as failed: the error of its newest slot that was not stored, "" for none."""
    failed = [record.scrape for record in records if record.scrape["status"] in UNSTORED]
    return str(failed[-1]["error"] or failed[-1]["status"]) if failed else ""


@step("source", retry_delays=(2, 10), timeout=SOURCE_TIMEOUT, failure=why_failed)
async def store_source(
    source: Source, arrivals: Arrivals, ledger: Ledger, request: RunRequest, run_id: str, parser: Parser
) -> list[ScrapeRecord]:
    """Parse, validate and append one source's due slots."""
    paths = await arrivals.of(source)

    def stored() -> list[ScrapeRecord]:
        readings = {
            slot: parser.reading(source, path, request.home, slot=slot, run_id=run_id) if path else None
            for slot, path in paths.items()
        }
        return ingest(
            source,
            readings,
            ledger,
            run_id=run_id,
            partial=request.partial,
            why_missing=arrivals.why_missing,
            simulated=request.origin == "simulated",
        )

    records = await asyncio.to_thread(stored)
    for record in records:
        _log(record.scrape)
    return records


def _log(scrape: Mapping[str, Any]) -> None:
    """Log what became of one slot of a source, in the log of its step."""
    healthy = scrape["status"] == "ok" and not scrape["rows_quarantined"]
    run_logger().log(
        logging.INFO if healthy else logging.WARNING,
        "%s %s: %s, %d rows, %d quarantined%s",
        scrape["source"],
        slot_name(scrape["slot"]),
        scrape["status"],
        scrape["rows_accepted"],
        scrape["rows_quarantined"],
        f": {visible(scrape['error'])}" if scrape["error"] else "",
    )


@step("publish", retry_delays=(2, 2))
async def publish_copy(storage: Storage) -> str:
    """Publish what is stored; returns what a user opens to read it."""
    return storage.publish().published_name


@step("report")
async def report(request: RunRequest) -> Path:
    """Render the site from what is published."""
    render(request.home, request.storage, datetime.now(UTC))
    return request.home / "site" / "index.html"


@step("alert")
async def alert(request: RunRequest, summary: RunSummary) -> Notification:
    """Tell whoever the rules say, now that there are pages to point to."""
    if not request.alerts.rules:
        return Notification()
    site = request.site_url or (request.home / "site").as_uri()
    with Ledger(request.storage) as ledger:
        notification = notify(ledger, request.alerts, run_id=summary.run_id, now=max(request.at), site=site)
    if notification.problem:
        run_logger().error("%d alerts were not delivered: %s", notification.new, notification.problem)
    return notification


async def nightly(
    request: RunRequest, watch: Listener | None = None, *, is_orchestrated: bool = True
) -> RunSummary:
    """Run every due source once; the summary says what became of each.

    A slot that is already stored is left alone, so that running a slot twice adds nothing twice. The run is a
    Prefect flow, or a part of the one that calls it, unless `is_orchestrated` is false: then nothing is asked
    of Prefect's API.
    """
    watch = watch or Listener()
    if is_orchestrated and FlowRunContext.get() is None:
        return await as_flow(_nightly, request.flow, request.run_name, request, watch)
    return await _nightly(request, watch)


async def _nightly(request: RunRequest, watch: Listener) -> RunSummary:
    started = datetime.now(UTC)
    summary = RunSummary(new_run_id(started), request.flow, request.origin, started)
    with run_lock(request.home, request.title, watch.waiting, lock_file=request.lock_file):
        if not request.storage.is_published:
            request.storage.make()
            request.storage.publish()
        with Ledger(request.storage) as ledger:
            refuse_mixture(request, ledger)
            clear_unsealed(request.home, alone=not request.storage.many_writers)
            refuse_earlier_clock(ledger, started)
            await _fill(request, ledger, summary, watch)
        if not request.share:
            await finish(request, summary)
    await _leave_artifacts(request, summary)
    return summary


async def begin(request: RunRequest, ledger: Ledger, summary: RunSummary) -> None:
    """What is stored once before all providers: who they are, the dated facts, the slots that were missed."""
    installation = request.installation
    register(ledger, installation.registry, run_id=summary.run_id, at=summary.started_at)
    load_facts(ledger, request.home, run_id=summary.run_id, at=max(request.at), keys=installation.keys)
    unseen = await missed(
        request, ledger, run_id=summary.run_id, cron=request.schedule, now=summary.started_at
    )
    summary.missed = len(unseen)


async def finish(request: RunRequest, summary: RunSummary) -> None:
    """What is done once after all providers: publish, render the site, send notifications."""
    try:
        await show(request, summary)
    except Exception:
        # What the rules see in the ledger is told all the same; why the site failed is the run's own error.
        with suppress(Exception):
            await alert(request, summary)
        raise
    summary.notification = await alert(request, summary)


async def show(request: RunRequest, summary: RunSummary) -> None:
    """Publish what is stored, and render the site from it."""
    summary.warehouse = await publish_copy(request.storage)
    summary.site = await report(request)


async def _fill(request: RunRequest, ledger: Ledger, summary: RunSummary, watch: Listener) -> None:
    jobs, summary.already_stored = due(request, ledger)
    if jobs:
        watch.begun(len(jobs))
        for record in await _store_all(request, ledger, summary, jobs, watch):
            summary.scrapes.append(record.scrape)
        ledger.append_run(summary.row())
    elif not request.share:
        await begin(request, ledger, summary)


async def _store_all(
    request: RunRequest, ledger: Ledger, summary: RunSummary, jobs: list[Job], watch: Listener
) -> list[ScrapeRecord]:
    run_id = summary.run_id
    plan = FetchPlan(
        home=request.home,
        run_id=run_id,
        jobs=tuple(jobs),
        recorded=request.recorded,
        partial=request.partial,
        allow_loopback=request.allow_loopback,
        chromium=request.chromium,
        providers=request.installation.settings.providers,
        request_timeout=request.request_timeout,
    )
    arrivals = Arrivals(jobs, watch)
    names = {job.source for job in jobs}
    wanted = [source for source in request.sources if source.id in names]
    crawling = asyncio.ensure_future(crawl(plan, arrivals, request.installation.keys))
    try:
        # Nothing is stored while the clock is wrong. A recorded run is given its time and needs no clock.
        if request.recorded is None:
            await arrivals.check_clock()
        if not request.share:
            await begin(request, ledger, summary)
    except BaseException:
        crawling.cancel()
        await asyncio.gather(crawling, return_exceptions=True)
        raise

    async def stored(source: Source) -> list[ScrapeRecord]:
        try:
            records = await store_source.named(source.id)(source, arrivals, ledger, request, run_id, parser)
        # Whatever a source's own code raises ends that source and no other; the reason is stored.
        except Exception as problem:
            run_logger().error("%s could not be stored: %s", source.id, visible(traceback.format_exc()))
            slots = [job.slot for job in jobs if job.source == source.id]
            records = unstored(source, slots, ledger, run_id=run_id, problem=problem)
        for record in records:
            watch.stored(record)
        return records

    with Parser() as parser:
        stored_by_source = await asyncio.gather(*(stored(source) for source in wanted))
    await _crawl_end(crawling)
    return [record for records in stored_by_source for record in records]


async def _crawl_end(crawling: asyncio.Future[None]) -> None:
    try:
        await crawling
    # Its sources already have their rows, which say that the crawl ended early.
    except Exception:
        run_logger().error("the crawl ended early: %s", visible(traceback.format_exc()))


async def _leave_artifacts(request: RunRequest, summary: RunSummary) -> None:
    """Leave the run's table of sources in Prefect, and a link to the site where it is served."""
    if FlowRunContext.get() is None:
        return
    table = [
        {
            "source": scrape["source"],
            "slot": slot_name(scrape["slot"]),
            "status": scrape["status"],
            "accepted": scrape["rows_accepted"],
            "quarantined": scrape["rows_quarantined"],
            "error": scrape["error"] or "",
        }
        for scrape in summary.scrapes
    ]
    try:
        await acreate_table_artifact(table=table, key="sources", description=f"Run {summary.run_id}")
        if summary.site and request.site_url:
            await acreate_link_artifact(link=request.site_url, key="site", link_text="The site")
    except Exception as problem:
        if not is_of_the_api(problem):
            raise
        run_logger().error("the table of sources is not in Prefect: %s", type(problem).__name__)
