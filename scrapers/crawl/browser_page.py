"""Rendered pages: navigation in the browser, archived, or answered from the archive.

scrapy-playwright drives the browser; scrapers.crawl.page_guard bounds what a page may do in it.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from playwright.async_api import CDPSession, Page, Route
from playwright.async_api import Error as BrowserError
from playwright.async_api import Request as BrowserRequest
from playwright.async_api import Response as BrowserResponse
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy_playwright.page import PageMethod

from scrapers.archive.exchange import (
    MAX_BODY,
    BodyTooLarge,
    Exchange,
    is_redirect,
    is_success,
    too_large,
    without_coding,
)
from scrapers.archive.recorded import Recorded
from scrapers.crawl.chromium import origin_of
from scrapers.crawl.job_state import JobState
from scrapers.crawl.page_guard import PageGuard, host_of, is_page
from scrapers.crawl.settings import USER_AGENT
from scrapers.page import Capture, FetchRequest
from scrapers.page.capture import Role
from warehouse.text_safety import first_line

logger = logging.getLogger(__name__)

_MOST_REDIRECTS: Final = 5
# From an archive nothing takes long: what has not appeared by then never will.
_RECORDED_TIMEOUT: Final = 10
_SIZE: Final = "document.documentElement ? document.documentElement.outerHTML.length : 0"
_CONTEXT: Final[dict[str, Any]] = {
    "user_agent": USER_AGENT,
    "service_workers": "block",
    "accept_downloads": False,
    "locale": "en-US",
}


class Rendering:
    """One page in the browser, from its opening to its rendered document."""

    def __init__(self, run: JobState, request: FetchRequest) -> None:
        self._run = run
        self._wanted = request
        self._guard = PageGuard(run, request)
        self._served: Capture | None = None
        self._archiving: set[asyncio.Task[None]] = set()
        self._missing: list[str] = []
        self._session: CDPSession | None = None
        live = run.plan.request_timeout
        self._timeout = live if run.web is None else min(live, _RECORDED_TIMEOUT)

    def meta(self) -> dict[str, Any]:
        """What scrapy-playwright is told about the page."""
        milliseconds = self._timeout * 1000
        return {
            "playwright": True,
            "playwright_context": secrets.token_hex(8),
            "playwright_context_kwargs": {**_CONTEXT, **self._guard.context},
            "playwright_page_init_callback": self._opened,
            "playwright_page_goto_kwargs": {"timeout": milliseconds},
            "playwright_page_methods": [
                PageMethod(self._shown),
                PageMethod(self._settled),
            ],
        }

    def rendered(self, response: Response) -> Capture:
        """Archive the document that the browser made.

        Raises IgnoreRequest where it made it of nothing or the page was refused, BodyTooLarge.
        """
        self._guard.check()
        if self._served is None:
            raise IgnoreRequest("the browser did not keep the page that it was served")
        if not is_success(self._served.http_status):
            return self._served
        if len(response.text.encode()) > MAX_BODY:
            raise BodyTooLarge(too_large())
        if origin_of(response.url)[1] != origin_of(self._wanted.url)[1]:
            self._guard.note("redirected", host_of(response.url), f"the page of {self._wanted.url} led there")
        return self._run.writer.write_rendered(self._served, response.url, response.text)

    async def close(self) -> None:
        """End all that the page may still have open."""
        await self._guard.close()

    def explained(self, problem: Exception) -> Exception:
        """What lies behind a failure of the browser, as far as this page has seen it."""
        reason = self._reason(problem)
        for note in getattr(problem, "__notes__", ()) if reason is not problem else ():
            reason.add_note(note)
        return reason

    def _reason(self, problem: Exception) -> Exception:
        if self._guard.ended:
            return self._guard.ended
        if self._guard.refused:
            return IgnoreRequest(self._guard.refused)
        if self._served and not is_success(self._served.http_status):
            return IgnoreRequest(f"HTTP {self._served.http_status}")
        if self._served is None and self._guard.unreached and "net::ERR_" in str(problem):
            return IgnoreRequest(self._guard.unreached)
        if "wait_for_selector" not in str(problem):
            return problem
        sentence = f"the page did not show {self._wanted.wait_for!r} within {self._timeout} s"
        if self._missing:
            sentence += f"; not in the archive: {', '.join(self._missing)}"
        return IgnoreRequest(sentence)

    async def _opened(self, page: Page, request: Request) -> None:
        """Take over a new page: the first one, or a further try's, which has a context of its own."""
        request.meta["playwright_context"] = secrets.token_hex(8)
        self._served, self._archiving, self._missing = None, set(), []
        try:
            self._session = await self._guard.take_over(page, request)
            if self._run.web is None:
                page.on("requestfinished", self._finished)
            else:
                await page.route("**", self._answer)
        # scrapy-playwright opens a page that was closed once more, but would load one that is not guarded.
        except BrowserError as problem:
            if not page.is_closed():
                self._guard.end(IgnoreRequest(f"the page could not be opened: {first_line(problem)}"))
        if self._guard.ended:
            await page.context.close()

    async def _shown(self, page: Page) -> None:
        """Wait for what the page is to show; an error page will not show it."""
        await asyncio.gather(*self._archiving)
        self._guard.check()
        if self._served is not None and not is_success(self._served.http_status):
            return
        shown = asyncio.ensure_future(
            page.wait_for_selector(self._wanted.wait_for, timeout=self._timeout * 1000)
        )
        over = asyncio.ensure_future(self._guard.over.wait())
        await asyncio.wait((shown, over), return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        if self._guard.ended:
            shown.cancel()
            await asyncio.gather(shown, return_exceptions=True)
            raise self._guard.ended
        await shown

    async def _settled(self, page: Page) -> None:
        """Wait until what the page has received is archived, and hold its document to MAX_BODY.

        Its scripts are stopped first, so that the document cannot grow between this and its archiving. The
        size is asked for in a world of its own, which the page's scripts cannot change.
        """
        await asyncio.gather(*self._archiving)
        self._guard.check()
        if self._session is None:
            return
        await self._session.send("Emulation.setScriptExecutionDisabled", {"value": True})
        tree = await self._session.send("Page.getFrameTree")
        world = {"frameId": tree["frameTree"]["frame"]["id"]}
        made = await self._session.send("Page.createIsolatedWorld", world)
        asked = {"expression": _SIZE, "contextId": made["executionContextId"]}
        size = (await self._session.send("Runtime.evaluate", asked))["result"].get("value")
        # A text that is too long even for the browser has no size.
        if not isinstance(size, int) or size > MAX_BODY:
            raise BodyTooLarge(too_large())

    def _finished(self, request: BrowserRequest) -> None:
        task = asyncio.create_task(self._archive(request))
        self._archiving.add(task)

    async def _archive(self, request: BrowserRequest) -> None:
        """Archive what the network answered, as the browser decoded it."""
        try:
            response = await request.response()
            if response is None or not request.url.startswith("http"):
                return
            exchange = await _received(request, response)
        # The page was closed, or went on to another one, before the body was asked for.
        except BrowserError as problem:
            logger.warning("%s: %s could not be archived: %s", self._run.source.id, request.url, problem)
            return
        self._guard.archived(len(exchange.body))
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
        is_main = is_page(request)
        role: Role = "response" if is_main else "resource"
        label = self._wanted.label if is_main else ""
        capture = self._run.writer.write(replace(exchange, role=role, label=label))
        if is_main and not is_redirect(capture.http_status):
            self._served = capture
            self._guard.served()


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
