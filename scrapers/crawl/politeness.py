"""Manners: robots.txt is obeyed, a busy server is given time, and nobody is asked faster than agreed."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.core.downloader import Downloader, Slot
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response
from scrapy.robotstxt import ProtegoRobotParser
from scrapy.utils.httpobj import urlparse_cached

from scrapers.archive.exchange import is_success
from scrapers.crawl.errors import FETCH_PROBLEMS, described, is_passing
from scrapers.crawl.job_state import CAPTURE, LABEL, ROLE, RUN, NotArchived, Rules, state_of
from scrapers.page import Capture

ROBOT: Final = "gpuledger"
LONGEST_WAIT: Final = 60.0
"""Seconds: the most that a crawl waits before it tries again, whatever Retry-After asks."""

MOST_RULES: Final = 512 * 1024
"""Bytes of a robots.txt that are read; RFC 9309 asks for 500 KiB."""

_LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_FIRST_WAIT: Final = 1.0
_DAILY_QUOTA: Final = b"search_quota_exceeded"


class RobotsRules:
    """Middleware: fetches robots.txt once for each job and host, and ends what it disallows (RFC 9309).

    Scrapy's own lets pass the requests that wait while robots.txt is on its way, and treats a host whose
    robots.txt cannot be reached as one that has none.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Keep the crawler, whose engine fetches."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raise IgnoreRequest for what the host does not want fetched."""
        if request.meta[ROLE] == "robots":
            return
        run, parts = state_of(request), urlparse_cached(request)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in run.rules:
            run.rules[origin] = await self._fetched(origin, request)
        rules = run.rules[origin]
        if rules.state == "unreachable":
            raise IgnoreRequest(f"robots.txt could not be read, so nothing is fetched: {rules.why}")
        if rules.parser and not rules.parser.allowed(request.url, ROBOT):
            rules.state = "disallowed"
            raise IgnoreRequest("robots.txt disallows it")

    async def _fetched(self, origin: str, request: Request) -> Rules:
        run, engine = state_of(request), self._crawler.engine
        url = f"{origin}/robots.txt"
        if engine is None:
            raise TypeError("a request before the engine started")
        try:
            response = await engine.download_async(Request(url, meta={RUN: run, ROLE: "robots", LABEL: ""}))
        except NotArchived:
            return Rules("absent")
        except FETCH_PROBLEMS as problem:
            return Rules("unreachable", why=described(problem, url, run.plan.request_timeout))
        if is_success(response.status):
            parser = ProtegoRobotParser(response.meta[CAPTURE].body[:MOST_RULES], self._crawler.spider)
            if run.web is None:
                slow_down(engine.downloader, origin, parser.crawl_delay(ROBOT) or 0.0)
            return Rules("allowed", parser)
        if is_absent(response.status):
            return Rules("absent")
        return Rules("unreachable", why=f"HTTP {response.status}{tries_of(response.request)}")


class BackOff(RetryMiddleware):
    """Middleware: tries again after a growing wait, or after the one that Retry-After asks for.

    Scrapy's own tries again at once. A daily quota that is used up is not tried again at all.
    """

    async def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """The request again, when its time has come, or the answer."""
        again = super().process_response(request, response)
        capture: Capture | None = request.meta.get(CAPTURE)
        if not isinstance(again, Request) or (capture and _DAILY_QUOTA in capture.body):
            return response
        await asyncio.sleep(wait_before(again, response))
        return again

    async def process_exception(self, request: Request, exception: Exception) -> Request | None:  # type: ignore[override]
        """The request again, when its time has come; the last exception bears the number of tries."""
        # An answer that is too large will be so again.
        too_large = isinstance(exception, DownloadCancelledError) or "HeadTooLarge" in str(exception)
        if too_large or request.meta.get("dont_retry"):
            return None
        passing = is_passing(exception)
        again = self._retry(request, exception) if passing else super().process_exception(request, exception)
        if not isinstance(again, Request):
            exception.add_note(tries_of(request))
            return None
        await asyncio.sleep(wait_before(again))
        return again


class Throttle(AutoThrottle):
    """AutoThrottle that never goes below what a source declares or robots.txt asks for."""

    def _adjust_delay(self, slot: Slot, latency: float, response: Response) -> None:
        super()._adjust_delay(slot, latency, response)
        engine = self.crawler.engine
        if engine is not None:
            agreed = engine.downloader.per_slot_settings.get(urlparse_cached(response).hostname or "", {})
            slot.delay = max(slot.delay, agreed.get("delay", 0.0))


def is_absent(status: int) -> bool:
    """Whether a status says that a host has no robots.txt: 204 or 4xx, but for the host that has no time now.

    408, 425 and 429 say nothing about the file, so nothing is fetched, as after a 5xx.
    """
    client_error = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return status == HTTPStatus.NO_CONTENT or (client_error and status not in _LATER)


def tries_of(request: Request | None) -> str:
    """How often a request was tried, in brackets, empty for once."""
    again = int(request.meta.get("retry_times", 0)) if request else 0
    return f" ({again + 1} tries)" if again else ""


def slow_down(downloader: Downloader, origin: str, delay: float) -> None:
    """Hold a host to a delay in seconds, where it is longer than the one that already holds."""
    host = urlsplit(origin).hostname or ""
    agreed = downloader.per_slot_settings.setdefault(host, {})
    agreed["delay"] = max(agreed.get("delay", 0.0), min(delay, LONGEST_WAIT))
    if host in downloader.slots:
        slot = downloader.slots[host]
        slot.delay = max(slot.delay, agreed["delay"])


def wait_before(again: Request, response: Response | None = None) -> float:
    """Seconds before a further try: what Retry-After asks, else twice as long each time, with some jitter."""
    tries = int(again.meta["retry_times"])
    asked = _retry_after(response) if response is not None else None
    wait = _FIRST_WAIT * 2 ** (tries - 1) * random.uniform(1.0, 1.5) if asked is None else asked  # noqa: S311
    return min(wait, LONGEST_WAIT)


def _retry_after(response: Response) -> float | None:
    """Retry-After in seconds from now, given as seconds or as a date; None where there is none."""
    header = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if header.isdigit():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())
