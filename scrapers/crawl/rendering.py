"""Pages that need a browser: what it asks is checked or answered from the archive, what it gets is archived.

scrapy-playwright drives the browser. It registers its own route for every request before it calls back
here, and a later route comes first, so nothing leaves a page unseen, but for the redirects inside the
browser, which Chromium follows by itself: there, the resolver rules of its command line hold.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from playwright.async_api import Error as BrowserError
from playwright.async_api import Page, Route, WebSocketRoute
from playwright.async_api import Request as BrowserRequest
from playwright.async_api import Response as BrowserResponse
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy_playwright.page import PageMethod

from scrapers.crawl.run import Run
from scrapers.crawl.settings import USER_AGENT
from scrapers.crawl.ssrf_guard import is_allowed, not_public, refusal_of
from scrapers.recorded import Recorded
from scrapers.rows import Ask, Capture
from scrapers.rows.capture import Role
from scrapers.warc import (
    MAX_BODY,
    BodyTooLarge,
    Exchange,
    is_redirect,
    is_success,
    too_large,
    without_coding,
)

logger = logging.getLogger(__name__)

_MOST_REDIRECTS: Final = 5
# From an archive nothing takes long: what has not appeared by then never will.
_RECORDED_TIMEOUT: Final = 10
_OFFLINE: Final = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
_CONTEXT: Final = {
    "user_agent": USER_AGENT,
    "service_workers": "block",
    "accept_downloads": False,
    "locale": "en-US",
}


class Rendering:
    """One page in the browser, from its opening to its rendered document."""

    def __init__(self, run: Run, ask: Ask) -> None:
        self._run = run
        self._ask = ask
        self._served: Capture | None = None
        self._archiving: set[asyncio.Task[None]] = set()
        self._missing: list[str] = []
        self._refused: str | None = None
        self._too_large = False
        self._bytes: Counter[str] = Counter()
        live = run.plan.request_timeout
        self._timeout = live if run.web is None else min(live, _RECORDED_TIMEOUT)

    def meta(self) -> dict[str, Any]:
        """What scrapy-playwright is told about the page."""
        milliseconds = self._timeout * 1000
        return {
            "playwright": True,
            "playwright_context_kwargs": dict(_CONTEXT),
            "playwright_page_init_callback": self._opened,
            "playwright_page_goto_kwargs": {"timeout": milliseconds},
            "playwright_page_methods": [
                PageMethod(self._shown),
                PageMethod(self._settled),
            ],
        }

    def rendered(self, response: Response) -> Capture:
        """Archive the document that the browser made; raises IgnoreRequest where it made it of nothing."""
        if self._served is None:
            raise IgnoreRequest("the browser did not keep the page that it was served")
        if not is_success(self._served.http_status):
            return self._served
        return self._run.writer.write_rendered(self._served, response.url, response.text)

    def explained(self, problem: Exception) -> Exception:
        """What lies behind a failure of the browser, as far as this page has seen it."""
        if self._too_large:
            return BodyTooLarge(too_large())
        if self._refused:
            return IgnoreRequest(self._refused)
        if self._served and not is_success(self._served.http_status):
            return IgnoreRequest(f"HTTP {self._served.http_status}")
        if "wait_for_selector" not in str(problem):
            return problem
        sentence = f"the page did not show {self._ask.wait_for!r} within {self._timeout} s"
        if self._missing:
            sentence += f"; not in the archive: {', '.join(self._missing)}"
        return IgnoreRequest(sentence)

    async def _opened(self, page: Page, request: Request) -> None:
        """Take over a new page: the first one, or a further try's."""
        self._served, self._refused = None, None
        self._archiving, self._missing, self._bytes = set(), [], Counter()
        await page.route_web_socket("**", _no_socket)
        if self._run.web is None:
            page.on("requestfinished", self._finished)
            await page.route("**", self._let_through)
            await self._weigh(page, request)
        else:
            await page.route("**", self._answer)

    async def _weigh(self, page: Page, request: Request) -> None:
        """Cut the page off as soon as an answer has, or says it has, more than MAX_BODY bytes unpacked.

        The browser itself has no limit: it would take a body of any size into memory. The page is not closed,
        because scrapy-playwright opens one that was closed once more.
        """
        session = await page.context.new_cdp_session(page)
        cutting: set[asyncio.Task[Any]] = set()

        def added(answer: str, size: int) -> None:
            self._bytes[answer] += size
            if self._bytes[answer] > MAX_BODY and not self._too_large:
                self._too_large = True
                request.meta["dont_retry"] = True
                cutting.add(asyncio.create_task(session.send("Network.emulateNetworkConditions", _OFFLINE)))

        def begun(event: dict[str, Any]) -> None:
            headers = {name.lower(): value for name, value in event["response"]["headers"].items()}
            stated = headers.get("content-length", "")
            if stated.isdigit() and int(stated) > MAX_BODY:
                added(event["requestId"], int(stated))

        session.on("Network.responseReceived", begun)
        session.on("Network.dataReceived", lambda event: added(event["requestId"], event["dataLength"]))
        await session.send("Network.enable")

    async def _shown(self, page: Page) -> None:
        """Wait for what the page is to show; an error page will not show it."""
        await asyncio.gather(*self._archiving)
        if self._too_large:
            raise BodyTooLarge(too_large())
        if self._served is None or is_success(self._served.http_status):
            await page.wait_for_selector(self._ask.wait_for, timeout=self._timeout * 1000)

    async def _settled(self, page: Page) -> None:
        """Wait until what the page has received is archived."""
        await asyncio.gather(*self._archiving)
        if self._refused:
            raise IgnoreRequest(self._refused)

    async def _let_through(self, route: Route, request: BrowserRequest) -> None:
        refusal = await refusal_of(request.url, allow_loopback=self._run.plan.allow_loopback)
        if refusal is None:
            await route.fallback()
            return
        logger.warning("%s: a page asked for %s: %s", self._run.source.id, request.url, refusal)
        if _is_page(request):
            self._refused = refusal
        await route.abort()

    def _finished(self, request: BrowserRequest) -> None:
        task = asyncio.create_task(self._archive(request))
        self._archiving.add(task)

    async def _archive(self, request: BrowserRequest) -> None:
        """Archive what the network answered, as the browser decoded it."""
        try:
            response = await request.response()
            if response is None or not request.url.startswith("http"):
                return
            address = await response.server_addr()
            if address and not is_allowed(address["ipAddress"], allow_loopback=self._run.plan.allow_loopback):
                self._refused = not_public(request.url, address["ipAddress"])
                return
            exchange = await _received(request, response)
        # The page was closed, or went on to another one, before the body was asked for.
        except BrowserError as problem:
            logger.warning("%s: %s could not be archived: %s", self._run.source.id, request.url, problem)
            return
        self._keep(request, exchange)

    async def _answer(self, route: Route, request: BrowserRequest) -> None:
        """Answer from the recorded web, its redirects followed here; what it lacks is aborted."""
        found = self._recorded(request)
        if found is None:
            logger.info("%s: %s is not in the archive", self._run.source.id, request.url)
            self._missing.append(request.url)
            await route.abort()
            return
        self._run.taken.add(found.key)
        exchange = found.exchange()
        self._keep(request, exchange)
        await route.fulfill(status=exchange.status, headers=dict(exchange.headers), body=exchange.body)

    def _recorded(self, request: BrowserRequest) -> Recorded | None:
        web, place = self._run.web, (self._run.span, self._run.source.id)
        if web is None:
            return None
        found = web.lookup(request.method, request.url, request.post_data_buffer or b"", *place)
        for _ in range(_MOST_REDIRECTS):
            if found is None or not is_redirect(found.status):
                return found
            found = web.lookup("GET", found.location, b"", *place)
        return None

    def _keep(self, request: BrowserRequest, exchange: Exchange) -> None:
        if self._run.writer.sealed:
            return
        is_page = _is_page(request)
        role: Role = "response" if is_page else "resource"
        label = self._ask.label if is_page else ""
        capture = self._run.writer.write(replace(exchange, role=role, label=label))
        if is_page and not is_redirect(capture.http_status):
            self._served = capture


async def _received(request: BrowserRequest, response: BrowserResponse) -> Exchange:
    has_body = not is_redirect(response.status) and response.status != HTTPStatus.NO_CONTENT
    headers = [(header["name"], header["value"]) for header in await response.headers_array()]
    return Exchange(
        url=request.url,
        at=datetime.now(UTC),
        body=await response.body() if has_body else b"",
        headers=without_coding(headers),
        status=response.status,
        method=request.method,
        request_headers=list((await request.all_headers()).items()),
        request_body=request.post_data_buffer or b"",
    )


def _is_page(request: BrowserRequest) -> bool:
    """Whether a request is for the page itself, not for a part of it."""
    return request.is_navigation_request() and request.frame.parent_frame is None


async def _no_socket(socket: WebSocketRoute) -> None:
    """A web socket can be neither checked nor archived."""
    await socket.close()
