"""Pages that need a browser: what it asks is checked or answered from the archive, what it gets is archived.

scrapy-playwright drives the browser. It registers its own route for every request of a page before it calls
back here, and a later route comes first. Each try of a page has a browser context of its own, which ends with
the page: a further page in it is a popup, which is refused and closed. What no route sees, such as a redirect
inside the browser, passes the proxy (see scrapers.crawl.proxy), which alone decides what is connected.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from collections import Counter, defaultdict
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from playwright.async_api import CDPSession, Page, Route, WebSocketRoute
from playwright.async_api import Error as BrowserError
from playwright.async_api import Request as BrowserRequest
from playwright.async_api import Response as BrowserResponse
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy_playwright.page import PageMethod

from scrapers.crawl.chromium import origin_of
from scrapers.crawl.memory import MOST_OF_A_PAGE
from scrapers.crawl.run import Run
from scrapers.crawl.settings import USER_AGENT
from scrapers.crawl.ssrf_guard import WEB_PORTS, Destinations, Refused, refusal_of
from scrapers.recorded import Recorded
from scrapers.redaction import is_secret
from scrapers.registry import Source
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
from warehouse.plain import first_line

logger = logging.getLogger(__name__)

_MOST_REDIRECTS: Final = 5
# From an archive nothing takes long: what has not appeared by then never will.
_RECORDED_TIMEOUT: Final = 10
_MOST_REQUESTS: Final = 1000
_MOST_POPUPS: Final = 20
_MOST_SUBJECTS: Final = 20
_LONGEST_SUBJECT: Final = 200
_CRASHED: Final = f"the page crashed, or took more than {MOST_OF_A_PAGE >> 20} MiB of memory"
_SIZE: Final = "document.documentElement ? document.documentElement.outerHTML.length : 0"
_CONTEXT: Final[dict[str, Any]] = {
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
        self._closing: set[asyncio.Task[None]] = set()
        self._missing: list[str] = []
        self._blocked: dict[str, str] = {}
        self._noted: dict[str, Counter[str]] = defaultdict(Counter)
        self._refused: str | None = None
        self._unreached: str | None = None
        self._ended: Exception | None = None
        self._over = asyncio.Event()
        self._bytes: Counter[str] = Counter()
        self._asked, self._popups, self._announced = 0, 0, 0
        self._request: Request | None = None
        self._session: CDPSession | None = None
        live = run.plan.request_timeout
        self._timeout = live if run.web is None else min(live, _RECORDED_TIMEOUT)
        self._pass = (
            run.proxy.admit(self._destinations(), self._not_connected, self._too_much) if run.proxy else None
        )

    def meta(self) -> dict[str, Any]:
        """What scrapy-playwright is told about the page."""
        milliseconds = self._timeout * 1000
        return {
            "playwright": True,
            "playwright_context": secrets.token_hex(8),
            "playwright_context_kwargs": {
                **_CONTEXT,
                **({"proxy": self._pass.settings} if self._pass else {}),
            },
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
        self._check()
        if self._served is None:
            raise IgnoreRequest("the browser did not keep the page that it was served")
        if not is_success(self._served.http_status):
            return self._served
        if len(response.text.encode()) > MAX_BODY:
            raise BodyTooLarge(too_large())
        if origin_of(response.url)[1] != origin_of(self._ask.url)[1]:
            self._note("redirected", _host(response.url), f"the page of {self._ask.url} led there")
        return self._run.writer.write_rendered(self._served, response.url, response.text)

    async def close(self) -> None:
        """End all that the page may still have open."""
        if self._run.proxy and self._pass:
            self._run.proxy.dismiss(self._pass)
        self._end(IgnoreRequest("the page is closed"))
        await asyncio.gather(*self._closing, return_exceptions=True)

    def explained(self, problem: Exception) -> Exception:
        """What lies behind a failure of the browser, as far as this page has seen it."""
        reason = self._reason(problem)
        for note in getattr(problem, "__notes__", ()) if reason is not problem else ():
            reason.add_note(note)
        return reason

    def _reason(self, problem: Exception) -> Exception:
        if self._ended:
            return self._ended
        if self._refused:
            return IgnoreRequest(self._refused)
        if self._served and not is_success(self._served.http_status):
            return IgnoreRequest(f"HTTP {self._served.http_status}")
        if self._served is None and self._unreached and "net::ERR_" in str(problem):
            return IgnoreRequest(self._unreached)
        if "wait_for_selector" not in str(problem):
            return problem
        sentence = f"the page did not show {self._ask.wait_for!r} within {self._timeout} s"
        if self._missing:
            sentence += f"; not in the archive: {', '.join(self._missing)}"
        return IgnoreRequest(sentence)

    def _destinations(self) -> Destinations:
        """Where the page may connect to: with a credential to its declared origin, else to the public web."""
        _, host, port = origin_of(self._ask.url)
        ports = WEB_PORTS | {port} if port else WEB_PORTS
        only = frozenset({(host, port)}) if port and bears_credential(self._run.source, self._ask) else None
        return Destinations(self._run.plan.allow_loopback, ports, only)

    async def _opened(self, page: Page, request: Request) -> None:
        """Take over a new page: the first one, or a further try's, which has a context of its own."""
        self._request = request
        request.meta["playwright_context"] = secrets.token_hex(8)
        self._served, self._refused, self._unreached = None, None, None
        self._archiving, self._missing, self._bytes = set(), [], Counter()
        context = page.context
        page.on("close", lambda _: self._later(context.close()))
        page.on("crash", lambda _: self._end(IgnoreRequest(_CRASHED)))
        # scrapy-playwright would end the page with an error that says less.
        page.on("download", lambda _: self._end(IgnoreRequest("the page started a download")))
        context.on("page", self._popup)
        await context.route("**", self._elsewhere)
        await context.route_web_socket("**", self._no_socket)
        if self._run.web is None:
            page.on("requestfinished", self._finished)
            page.on("requestfailed", self._failed)
            await page.route("**", self._let_through)
        else:
            await page.route("**", self._answer)
        self._session = await context.new_cdp_session(page)
        await self._weigh(self._session)
        if self._ended:
            await context.close()

    async def _weigh(self, session: CDPSession) -> None:
        """End the page as soon as an answer has, or says it has, more than MAX_BODY bytes unpacked.

        The browser itself has no limit: it would take a body of any size into memory.
        """

        def added(answer: str, size: int) -> None:
            self._bytes[answer] += size
            if self._bytes[answer] > MAX_BODY:
                self._too_much()

        def begun(event: dict[str, Any]) -> None:
            headers = {name.lower(): value for name, value in event["response"]["headers"].items()}
            stated = headers.get("content-length", "")
            if stated.isdigit() and int(stated) > MAX_BODY:
                added(event["requestId"], int(stated))

        session.on("Network.responseReceived", begun)
        session.on("Network.dataReceived", lambda event: added(event["requestId"], event["dataLength"]))
        await session.send("Network.enable")

    def _too_much(self) -> None:
        self._end(BodyTooLarge(too_large()))

    def _end(self, reason: Exception) -> None:
        """End the page for good: it is cut off from the network, asks nothing more and is not tried again.

        It is not closed here, because scrapy-playwright opens one that was closed once more.
        """
        if self._ended is None:
            self._ended = reason
            self._over.set()
            if self._request:
                self._request.meta["dont_retry"] = True
            if self._pass:
                self._pass.close()

    def _check(self) -> None:
        if self._ended:
            raise self._ended
        if self._refused:
            raise IgnoreRequest(self._refused)

    def _later(self, closing: Coroutine[Any, Any, None]) -> None:
        self._closing.add(asyncio.ensure_future(_quietly(closing)))

    def _note(self, kind: str, subject: str, detail: str) -> None:
        """Add a finding: each time that it is met, but of a bounded number of subjects and times."""
        subjects = self._noted[kind]
        if (subject in subjects or len(subjects) < _MOST_SUBJECTS) and subjects.total() < _MOST_REQUESTS:
            subjects[subject] += 1
            self._run.findings.append((kind, subject, detail))

    async def _shown(self, page: Page) -> None:
        """Wait for what the page is to show; an error page will not show it."""
        await asyncio.gather(*self._archiving)
        self._check()
        if self._served is not None and not is_success(self._served.http_status):
            return
        shown = asyncio.ensure_future(
            page.wait_for_selector(self._ask.wait_for, timeout=self._timeout * 1000)
        )
        over = asyncio.ensure_future(self._over.wait())
        await asyncio.wait((shown, over), return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        if self._ended:
            shown.cancel()
            await asyncio.gather(shown, return_exceptions=True)
            raise self._ended
        await shown

    async def _settled(self, page: Page) -> None:
        """Wait until what the page has received is archived, and hold its document to MAX_BODY.

        Its scripts are stopped first, so that the document cannot grow between this and its archiving. The
        size is asked for in a world of its own, which the page's scripts cannot change.
        """
        await asyncio.gather(*self._archiving)
        self._check()
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

    async def _let_through(self, route: Route, request: BrowserRequest) -> None:
        self._asked += 1
        if self._asked > _MOST_REQUESTS:
            self._end(IgnoreRequest(f"the page made more than {_MOST_REQUESTS} requests"))
        if self._ended:
            await route.abort("blockedbyclient")
            return
        refusal = await refusal_of(request.url, allow_loopback=self._run.plan.allow_loopback)
        if refusal is None:
            await route.fallback()
            return
        self._block(_host(request.url), refusal)
        if _is_page(request):
            self._refused = refusal
        await route.abort("blockedbyclient")

    async def _elsewhere(self, route: Route, request: BrowserRequest) -> None:
        """Refuse what another page of the context asks: a popup's address, before the popup is there."""
        if request.is_navigation_request():
            self._announced += 1
            self._count_popup(_host(request.url))
        await route.abort("blockedbyclient")

    async def _popup(self, popup: Page) -> None:
        if self._announced:
            self._announced -= 1
        else:
            self._count_popup("about:blank")
        await _quietly(popup.close())

    def _count_popup(self, host: str) -> None:
        self._popups += 1
        self._note("popup", host, f"opened by the page of {self._ask.url}; closed unread")
        if self._popups > _MOST_POPUPS:
            self._end(IgnoreRequest(f"the page opened more than {_MOST_POPUPS} popups"))

    async def _no_socket(self, socket: WebSocketRoute) -> None:
        """A web socket can be neither checked nor archived."""
        self._block(_host(socket.url), "a web socket cannot be archived")
        await socket.close()

    def _block(self, host: str, why: str) -> None:
        logger.warning("%s: a page asked for %s: %s", self._run.source.id, host, why)
        self._blocked[host] = why
        self._note("blocked_request", host, why)

    def _not_connected(self, host: str, port: int, problem: Exception) -> None:
        """Called by the proxy; before the page itself is served, all that it connects is the page itself."""
        reason = _why(host, problem)
        if isinstance(problem, Refused):
            self._block(host, reason)
        if self._served is None:
            self._unreached = reason
            if self._request and isinstance(problem, Refused | socket.gaierror):
                self._request.meta["dont_retry"] = True

    def _failed(self, request: BrowserRequest) -> None:
        """A redirect of the page itself, or a script that leads it elsewhere, can fail at the proxy alone."""
        refused = [
            why
            for kind, host, why in self._run.findings
            if (kind, host) == ("blocked_request", _host(request.url))
        ]
        if refused and _is_page(request):
            self._refused = refused[0]

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


def bears_credential(source: Source, ask: Ask) -> bool:
    """Whether the headers of a request hold a key, declared or written out."""
    return source.declared.credential is not None or any(is_secret(name) for name in ask.headers)


def _host(url: str) -> str:
    """The host of an address as a finding's subject, or its scheme where it has none."""
    _, host, _ = origin_of(url)
    return (host or url.partition(":")[0])[:_LONGEST_SUBJECT]


def _why(host: str, problem: Exception) -> str:
    """Why the proxy did not connect, in a sentence for a person."""
    if isinstance(problem, Refused):
        return str(problem)
    if isinstance(problem, socket.gaierror):
        return f"could not resolve {host}"
    if isinstance(problem, ConnectionRefusedError):
        return f"{host} refused the connection"
    return f"{host} could not be reached: {first_line(problem) or 'timed out'}"


async def _quietly(closing: Coroutine[Any, Any, None]) -> None:
    """Close what may be closed already."""
    with suppress(BrowserError):
        await closing
