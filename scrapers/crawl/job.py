"""One job from its first request to its sealed archive."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

from scrapy import Request
from scrapy.http import Response

from scrapers.archive.exchange import BodyTooLarge, is_success
from scrapers.archive.http_coding import BodyBroken
from scrapers.archive.recorded import Key, request_key
from scrapers.archive.writer import FetchOutcome
from scrapers.crawl.browser_page import Rendering
from scrapers.crawl.errors import FETCH_PROBLEMS, described
from scrapers.crawl.job_state import CAPTURE, KEY, LABEL, ROLE, RUN, JobState, NotArchived
from scrapers.crawl.retry import tries_of
from scrapers.formats.page_module import asks_further
from scrapers.page import Capture, FetchRequest, PageBroken
from scrapers.parser_process import ParsingStopped
from scrapers.url_origin import named, origin_of

logger = logging.getLogger(__name__)

Download = Callable[[Request], Awaitable[Response]]
NO_CHROMIUM = "no Chromium was found; install one, or name it in GPULEDGER_CHROMIUM"


async def work(run: JobState, download: Download) -> Path:
    """Ask everything that the source wants, within its time, and seal the archive; returns its path.

    Nothing that goes wrong with a source leaves this function: it stands in the outcome.
    """
    waiting = deque(run.source.asks_of(run.job.slot))
    seconds = run.source.declared.timeout_seconds
    try:
        async with asyncio.timeout(seconds):
            await _walk(run, waiting, download)
    except TimeoutError:
        run.errors.append(f"the {seconds} s of the source ran out with {len(waiting)} requests to go")
    # A provider's own code chooses the further requests, and may raise anything; it ends its job alone.
    except Exception as problem:
        logger.exception("%s broke", run.job)
        run.errors.append(f"{type(problem).__name__}: {problem}")
    else:
        waiting.clear()
    for error in run.errors:
        logger.warning("%s %s: %s", run.source.id, run.job.slot, error)
    outcome = FetchOutcome(
        source=run.source.id,
        slot=run.job.slot,
        started_at=run.started_at,
        finished_at=datetime.now(UTC),
        ok=not run.errors,
        errors=tuple(run.errors),
        robots=run.robots,
        truncated=tuple(ask.label or ask.url for ask in waiting),
        findings=tuple(run.findings),
    )
    return run.writer.seal(outcome)


async def _walk(run: JobState, waiting: deque[FetchRequest], download: Download) -> None:
    """Ask one request after the other; a request leaves `waiting` when it is answered or has failed."""
    asked: set[Key] = set()
    while waiting:
        ask = waiting[0]
        key = request_key(ask.method, ask.url, _body(ask))
        # A provider that asks the same again would go round in circles.
        if key not in asked:
            asked.add(key)
            capture = await _answer(run, ask, download)
            if capture is not None and asks_further(run.source):
                try:
                    waiting.extend(await asyncio.to_thread(run.parser.follow, run.source, ask, capture))
                except (PageBroken, ParsingStopped) as problem:
                    run.errors.append(str(problem))
        waiting.popleft()
    if run.web is not None and run.plan.partial:
        _take_the_rest(run)


async def _answer(run: JobState, ask: FetchRequest, download: Download) -> Capture | None:
    """The capture of a 2xx answer; anything else is noted, None is returned."""
    if refusal := _refusal(run, ask):
        run.errors.append(f"{ask.url}: {refusal}")
        return None
    rendering = Rendering(run, ask) if ask.wait_for else None
    try:
        response = await download(_request(run, ask, rendering))
        capture = rendering.rendered(response) if rendering else response.meta[CAPTURE]
    except NotArchived as problem:
        if not run.plan.partial:
            run.errors.append(f"{ask.url}: {problem}")
        return None
    except FETCH_PROBLEMS as problem:
        reason = rendering.explained(problem) if rendering else problem
        run.errors.append(f"{ask.url}: {described(reason, ask.url, run.plan.request_timeout)}")
        return None
    finally:
        if rendering:
            await rendering.close()
    if is_success(capture.http_status):
        return capture
    part = (
        ", not a whole answer" if HTTPStatus.OK <= capture.http_status < HTTPStatus.MULTIPLE_CHOICES else ""
    )
    run.errors.append(f"{ask.url}: HTTP {capture.http_status}{part}{tries_of(response.request)}")
    return None


def _refusal(run: JobState, ask: FetchRequest) -> str | None:
    """Why a request is not sent, None where it may be."""
    if run.web is None and (missing := run.source.missing_credential(run.environment)):
        return f"its key is missing; put it in {missing}"
    if ask.wait_for and run.plan.chromium is None:
        return NO_CHROMIUM
    try:
        origin = origin_of(ask.url)
    except ValueError as problem:
        return str(problem)
    if run.source.declared.credential and origin not in run.source.origins:
        return f"an answer leads to {named(origin)}, and a request with a key is not sent to another origin"
    return None


def _request(run: JobState, ask: FetchRequest, rendering: Rendering | None) -> Request:
    key = run.source.credential_headers(ask.url, run.environment) if run.web is None else {}
    headers = dict(ask.headers) | key
    if ask.json is not None:
        headers.setdefault("Content-Type", "application/json")
    return Request(
        ask.url,
        method=ask.method,
        headers=headers,
        body=_body(ask),
        meta={
            RUN: run,
            ROLE: "response",
            LABEL: ask.label,
            KEY: run.source.has_key(ask),
            **(rendering.meta() if rendering else {}),
        },
        dont_filter=True,
    )


def _take_the_rest(run: JobState) -> None:
    """Archive the answers that were saved by hand for the job and that no request has led to."""
    if run.web is None:
        return
    asks = run.source.asks_of(run.job.slot)
    labels = {request_key(ask.method, ask.url, _body(ask)): ask.label for ask in asks}
    for held in run.web.held(run.source.id, run.span):
        if held.key not in run.taken and is_success(held.status):
            run.taken.add(held.key)
            try:
                run.writer.write(replace(held.exchange(), label=labels.get(held.key, "")))
            except (BodyBroken, BodyTooLarge) as problem:
                run.errors.append(f"{held.url}: {problem}")


def _body(ask: FetchRequest) -> bytes:
    return b"" if ask.json is None else json.dumps(ask.json).encode()
