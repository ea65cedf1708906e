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
from scrapers.formats import format_of
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
    waiting = deque(run.source.requests_for(run.job.slot))
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
        truncated=tuple(request.label or request.url for request in waiting),
        findings=tuple(run.findings),
    )
    return run.writer.seal(outcome)


async def _walk(run: JobState, waiting: deque[FetchRequest], download: Download) -> None:
    """Ask one request after the other; a request leaves `waiting` when it is answered or has failed."""
    asked: set[Key] = set()
    while waiting:
        request = waiting[0]
        key = request_key(request.method, request.url, _body(request))
        # A provider that asks the same again would go round in circles.
        if key not in asked:
            asked.add(key)
            capture = await _answer(run, request, download)
            if capture is not None:
                waiting.extend(await _further(run, request, capture))
        waiting.popleft()
    if run.web is not None and run.plan.partial:
        _take_the_rest(run)


async def _further(run: JobState, request: FetchRequest, capture: Capture) -> list[FetchRequest]:
    """The requests that an answer calls for; none, with the reason noted, where it cannot be read."""
    try:
        if format_of(run.source).has_follow(run.source):
            return await asyncio.to_thread(run.parser.follow, run.source, request, capture)
    except (PageBroken, ParsingStopped) as problem:
        run.errors.append(str(problem))
    return []


async def _answer(run: JobState, request: FetchRequest, download: Download) -> Capture | None:
    """The capture of a 2xx answer; anything else is noted, None is returned."""
    if refusal := _refusal(run, request):
        run.errors.append(f"{request.url}: {refusal}")
        return None
    rendering = Rendering(run, request) if request.wait_for else None
    try:
        response = await download(_request(run, request, rendering))
        capture = rendering.rendered(response) if rendering else response.meta[CAPTURE]
    except NotArchived as problem:
        if not run.plan.partial:
            run.errors.append(f"{request.url}: {problem}")
        return None
    except FETCH_PROBLEMS as problem:
        reason = rendering.explained(problem) if rendering else problem
        run.errors.append(f"{request.url}: {described(reason, request.url, run.plan.request_timeout)}")
        return None
    finally:
        if rendering:
            await rendering.close()
    if is_success(capture.http_status):
        return capture
    part = (
        ", not a whole answer" if HTTPStatus.OK <= capture.http_status < HTTPStatus.MULTIPLE_CHOICES else ""
    )
    run.errors.append(f"{request.url}: HTTP {capture.http_status}{part}{tries_of(response.request)}")
    return None


def _refusal(run: JobState, request: FetchRequest) -> str | None:
    """Why a request is not sent, None where it may be."""
    if run.web is None and (missing := run.source.missing_credential(run.environment)):
        return f"its key is missing; put it in {missing}"
    if request.wait_for and run.plan.chromium is None:
        return NO_CHROMIUM
    try:
        origin = origin_of(request.url)
    except ValueError as problem:
        return str(problem)
    if run.source.declared.credential and origin not in run.source.origins:
        return f"an answer leads to {named(origin)}, and a request with a key is not sent to another origin"
    return None


def _request(run: JobState, request: FetchRequest, rendering: Rendering | None) -> Request:
    key = run.source.credential_headers(request.url, run.environment) if run.web is None else {}
    headers = dict(request.headers) | key
    if request.json is not None:
        headers.setdefault("Content-Type", "application/json")
    return Request(
        request.url,
        method=request.method,
        headers=headers,
        body=_body(request),
        meta={
            RUN: run,
            ROLE: "response",
            LABEL: request.label,
            KEY: run.source.has_key(request),
            **(rendering.meta() if rendering else {}),
        },
        dont_filter=True,
    )


def _take_the_rest(run: JobState) -> None:
    """Archive the answers that were saved by hand for the job and that no request has led to."""
    if run.web is None:
        return
    requests = run.source.requests_for(run.job.slot)
    labels = {request_key(request.method, request.url, _body(request)): request.label for request in requests}
    for held in run.web.held(run.source.id, run.span):
        if held.key not in run.taken and is_success(held.status):
            run.taken.add(held.key)
            try:
                run.writer.write(replace(held.exchange(), label=labels.get(held.key, "")))
            except (BodyBroken, BodyTooLarge) as problem:
                run.errors.append(f"{held.url}: {problem}")


def _body(request: FetchRequest) -> bytes:
    return b"" if request.json is None else json.dumps(request.json).encode()
