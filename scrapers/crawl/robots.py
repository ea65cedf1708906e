"""robots.txt (RFC 9309): fetched once for each job and host, and obeyed."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final, Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.robotstxt import ProtegoRobotParser
from scrapy.utils.httpobj import urlparse_cached

from scrapers.archive.exchange import is_success
from scrapers.crawl.errors import FETCH_PROBLEMS, described
from scrapers.crawl.job_state import CAPTURE, LABEL, ROLE, RUN, NotArchived, Rules, state_of
from scrapers.crawl.retry import tries_of
from scrapers.crawl.throttle import slow_down

ROBOT: Final = "gpuledger"
MOST_RULES: Final = 512 * 1024
"""Bytes of a robots.txt that are read; RFC 9309 asks for 500 KiB."""

_LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


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


def is_absent(status: int) -> bool:
    """Whether a status says that a host has no robots.txt: 204 or 4xx, but for the host that has no time now.

    408, 425 and 429 say nothing about the file, so nothing is fetched, as after a 5xx.
    """
    client_error = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return status == HTTPStatus.NO_CONTENT or (client_error and status not in _LATER)
