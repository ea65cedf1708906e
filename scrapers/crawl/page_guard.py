"""The page guard: allowed requests of a page in the browser, and its limits.

scrapy-playwright registers its own route for every request of a page before it calls back, and a later route
comes first. Each try of a page has a browser context of its own, which ends with the page: a further page in
it is a popup, which is refused and closed. What no route sees, such as a redirect inside the browser, passes
the proxy (see scrapers.crawl.proxy), which alone decides what is connected.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import Counter, defaultdict
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final

from playwright.async_api import BrowserContext, CDPSession, Page, Route, WebSocketRoute
from playwright.async_api import Error as BrowserError
from playwright.async_api import Request as BrowserRequest
from scrapy import Request
from scrapy.exceptions import IgnoreRequest

from scrapers.archive.exchange import MAX_BODY, BodyTooLarge, too_large
from scrapers.archive.redaction import is_secret
from scrapers.crawl.chromium import origin_of
from scrapers.crawl.job_state import JobState
from scrapers.crawl.memory import MOST_OF_A_PAGE
from scrapers.crawl.ssrf_guard import WEB_PORTS, AddressRefused, Destinations, refusal_of
from scrapers.page import FetchRequest
from scrapers.registry import Source
from warehouse.text_safety import first_line

logger = logging.getLogger(__name__)

_MOST_BYTES: Final = 2 * MAX_BODY
_MOST_REQUESTS: Final = 1000
_MOST_POPUPS: Final = 20
_MOST_SUBJECTS: Final = 20
_LONGEST_SUBJECT: Final = 200
_SECONDS_TO_CLOSE: Final = 5
_CRASHED: Final = f"the page crashed, or took more than {MOST_OF_A_PAGE >> 20} MiB of memory"


class PageGuard:
    """The bounds of one page, over all its tries.

    `ended` is what ended the page for good, None while it may go on; `refused` is why the page itself was led
    where it must not go, and `unreached` why the proxy could not connect it, both of the current try.
    """

    def __init__(self, run: JobState, request: FetchRequest) -> None:
        self.ended: Exception | None = None
        self.over = asyncio.Event()
        self.refused: str | None = None
        self.unreached: str | None = None
        self._run = run
        self._wanted = request
        self._is_served = False
        self._closing: set[asyncio.Task[None]] = set()
        self._blocked: dict[str, str] = {}
        self._noted: dict[str, Counter[str]] = defaultdict(Counter)
        self._bytes: Counter[str] = Counter()
        self._archived, self._asked, self._popups, self._announced = 0, 0, 0, 0
        self._request: Request | None = None
        self._context: BrowserContext | None = None
        self._pass = (
            run.proxy.admit(self._destinations(), self._not_connected, self._too_much) if run.proxy else None
        )

    @property
    def context(self) -> dict[str, Any]:
        """What a browser context of the page is made with: its way to the proxy, where there is one."""
        return {"proxy": self._pass.settings} if self._pass else {}

    async def take_over(self, page: Page, request: Request) -> CDPSession:
        """Guard a new try of the page before it loads anything."""
        self._request = request
        self._is_served, self.refused, self.unreached = False, None, None
        self._bytes = Counter()
        self._asked, self._popups, self._announced = 0, 0, 0
        context = self._context = page.context
        page.on("close", lambda _: self._later(context.close()))
        page.on("crash", lambda _: self.end(IgnoreRequest(_CRASHED)))
        # scrapy-playwright would end the page with an error that says less.
        page.on("download", lambda _: self.end(IgnoreRequest("the page started a download")))
        context.on("page", self._popup)
        await context.route("**", self._elsewhere)
        await context.route_web_socket("**", self._no_socket)
        if self._run.web is None:
            page.on("requestfailed", self._failed)
            await page.route("**", self._let_through)
        session = await context.new_cdp_session(page)
        await self._weigh(session)
        return session

    def served(self) -> None:
        """The page itself has arrived: what cannot be connected from now on is a part of it."""
        self._is_served = True

    def archived(self, size: int) -> None:
        """Count bytes that were archived, which may be many times those on the wire."""
        self._archived += size
        if self._archived > _MOST_BYTES:
            self._too_much()

    async def _weigh(self, session: CDPSession) -> None:
        """End the page as soon as an answer has, or says it has, more than MAX_BODY bytes unpacked.

        The browser itself has no limit: it would take a body of any size into memory.
        """

        def added(answer: str, size: int) -> None:
            self._bytes[answer] += size
            if self._bytes[answer] > MAX_BODY or self._bytes.total() > _MOST_BYTES:
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
        self.end(BodyTooLarge(too_large()))

    def end(self, reason: Exception) -> None:
        """End the page for good: it is cut off from the network, asks nothing more and is not tried again.

        It is not closed here, because scrapy-playwright opens one that was closed once more.
        """
        if self.ended is None:
            self.ended = reason
            self.over.set()
            if self._request:
                self._request.meta["dont_retry"] = True
            if self._pass:
                self._pass.close()

    def check(self) -> None:
        """Raise what ended or refused the page."""
        if self.ended:
            raise self.ended
        if self.refused:
            raise IgnoreRequest(self.refused)

    async def close(self) -> None:
        """End all that the page may still have open."""
        if self._run.proxy and self._pass:
            self._run.proxy.dismiss(self._pass)
        self.end(IgnoreRequest("the page is closed"))
        # A page whose time ran out is still open.
        if self._context:
            self._later(self._context.close())
            await asyncio.wait(self._closing, timeout=_SECONDS_TO_CLOSE)

    def note(self, kind: str, subject: str, detail: str) -> None:
        """Add a finding: each time that it is met, but of a bounded number of subjects and times."""
        subjects = self._noted[kind]
        if (subject in subjects or len(subjects) < _MOST_SUBJECTS) and subjects.total() < _MOST_REQUESTS:
            subjects[subject] += 1
            self._run.findings.append((kind, subject, detail))

    async def _let_through(self, route: Route, request: BrowserRequest) -> None:
        self._asked += 1
        if self._asked > _MOST_REQUESTS:
            self.end(IgnoreRequest(f"the page made more than {_MOST_REQUESTS} requests"))
        if self.ended:
            await route.abort("blockedbyclient")
            return
        refusal = await refusal_of(request.url, allow_loopback=self._run.plan.allow_loopback)
        if refusal is None:
            await route.fallback()
            return
        self._block(host_of(request.url), refusal)
        if is_page(request):
            self.refused = refusal
        await route.abort("blockedbyclient")

    async def _elsewhere(self, route: Route, request: BrowserRequest) -> None:
        """Refuse what another page of the context asks: a popup's address, before the popup is there."""
        if request.is_navigation_request():
            self._announced += 1
            self._note_popup(host_of(request.url))
        await route.abort("blockedbyclient")

    async def _popup(self, popup: Page) -> None:
        self._popups += 1
        if self._popups > _MOST_POPUPS:
            self.end(IgnoreRequest(f"the page opened more than {_MOST_POPUPS} popups"))
        if self._announced:
            self._announced -= 1
        else:
            self._note_popup("about:blank")
        await _quietly(popup.close())

    def _note_popup(self, host: str) -> None:
        self.note("popup", host, f"opened by the page of {self._wanted.url}; closed unread")

    async def _no_socket(self, socket: WebSocketRoute) -> None:
        """A web socket can be neither checked nor archived."""
        self.note("blocked_request", host_of(socket.url), "a web socket cannot be archived")
        await socket.close()

    def _block(self, host: str, why: str) -> None:
        logger.warning("%s: a page asked for %s: %s", self._run.source.id, host, why)
        self._blocked[host] = why
        self.note("blocked_request", host, why)

    def _not_connected(self, host: str, port: int, problem: Exception) -> None:
        """Called by the proxy; before the page itself is served, all that it connects is the page itself."""
        reason = _why(host, problem)
        if isinstance(problem, AddressRefused):
            self._block(host, reason)
        if not self._is_served:
            self.unreached = reason
            if self._request and isinstance(problem, AddressRefused | socket.gaierror):
                self._request.meta["dont_retry"] = True

    def _failed(self, request: BrowserRequest) -> None:
        """A redirect of the page itself, or a script that leads it elsewhere, can fail at the proxy alone."""
        refused = self._blocked.get(host_of(request.url))
        if refused and is_page(request):
            self.refused = refused

    def _destinations(self) -> Destinations:
        """Where the page may connect to: with a credential to its declared origin, else to the public web."""
        _, host, port = origin_of(self._wanted.url)
        ports = WEB_PORTS | {port} if port else WEB_PORTS
        only = (
            frozenset({(host, port)}) if port and bears_credential(self._run.source, self._wanted) else None
        )
        return Destinations(self._run.plan.allow_loopback, ports, only)

    def _later(self, closing: Coroutine[Any, Any, None]) -> None:
        self._closing.add(asyncio.ensure_future(_quietly(closing)))


def bears_credential(source: Source, request: FetchRequest) -> bool:
    """Whether the headers of a request hold a key, declared or written out."""
    return source.declared.credential is not None or any(is_secret(name) for name in request.headers)


def host_of(url: str) -> str:
    """The host of an address as a finding's subject, or its scheme where it has none."""
    _, host, _ = origin_of(url)
    return (host or url.partition(":")[0])[:_LONGEST_SUBJECT]


def _why(host: str, problem: Exception) -> str:
    """Why the proxy did not connect, in a sentence for a person."""
    if isinstance(problem, AddressRefused):
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


def is_page(request: BrowserRequest) -> bool:
    """Whether a request is for the page itself, not for a part of it."""
    return request.is_navigation_request() and request.frame.parent_frame is None
