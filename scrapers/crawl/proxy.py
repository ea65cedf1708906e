"""The filtering proxy of the browser: every connection is checked when it is made.

Chromium resolves nothing itself. The proxy resolves the name, checks every address and connects to the one
that was checked, so that a name cannot lead elsewhere a moment later. It listens on loopback, knows each
page by a password of its own, and forgets it with the page: no other user and no other page can use it.

A connection serves one request: a CONNECT tunnel, or one plain request whose answer is passed on as it comes.
What cannot be served is closed without an answer, so that nothing of the proxy is archived as a page's.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Self
from urllib.parse import urlsplit

import h11
from playwright.async_api import ProxySettings

from scrapers.crawl.ssrf_guard import AddressRefused, Destinations, is_loopback

logger = logging.getLogger(__name__)

MOST_BYTES: Final = 256 * 1024 * 1024
"""Bytes that a page and all that it loads may have on the wire, both ways."""

_HOST: Final = "127.0.0.1"
_LONGEST_HEAD: Final = 64 * 1024
_SECONDS_FOR_HEAD: Final = 10.0
_SECONDS_TO_CONNECT: Final = 10.0
_CONNECTIONS: Final = 256
_CONNECTIONS_OF_A_PAGE: Final = 128
_CHUNK: Final = 1 << 16
_WHO: Final = (
    b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="page"\r\n'
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)
_TUNNEL: Final = b"HTTP/1.1 200 Connection Established\r\n\r\n"
_NO_TUNNEL: Final = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
# Headers of this hop alone (RFC 9110, 7.6.1); Host is written anew from the address.
_HOP: Final = frozenset({b"connection", b"host", b"keep-alive", b"te", b"trailer", b"upgrade"})
_PORTS: Final = {"http": 80, "https": 443}


class Pass:
    """The right of one page to use the proxy, until it is closed.

    `on_failure` is called with the host, the port and what went wrong for each connection that was refused
    or could not be made.
    """

    def __init__(
        self,
        server: str,
        destinations: Destinations,
        on_failure: Callable[[str, int, Exception], None],
        on_too_much: Callable[[], None],
    ) -> None:
        self.name = secrets.token_hex(8)
        self.destinations = destinations
        self.on_failure = on_failure
        self.closed = False
        self._server = server
        self._password = secrets.token_urlsafe(24)
        self._on_too_much = on_too_much
        self._bytes_left = MOST_BYTES
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def settings(self) -> ProxySettings:
        """What a browser context is told; loopback is not exempt."""
        return ProxySettings(
            server=self._server, bypass="<-loopback>", username=self.name, password=self._password
        )

    def admits(self, password: str) -> bool:
        """Whether the password is this pass's and the page still has a use for it."""
        return not self.closed and hmac.compare_digest(password.encode(), self._password.encode())

    @contextmanager
    def holding(self, *writers: asyncio.StreamWriter) -> Iterator[None]:
        """Count connections as the page's; raises Refused where it has too many."""
        if self.closed or len(self._open) >= _CONNECTIONS_OF_A_PAGE:
            raise AddressRefused("the page opened too many connections")
        self._open.update(writers)
        try:
            yield
        finally:
            self._open.difference_update(writers)

    def spend(self, size: int) -> None:
        """Count bytes; a page that passes MOST_BYTES is cut off."""
        self._bytes_left -= size
        if self._bytes_left < 0 and not self.closed:
            self.close()
            self._on_too_much()

    def close(self) -> None:
        """End every connection of the page, and serve no other."""
        self.closed = True
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()


class Proxy:
    """A forward proxy for the browser's pages, at a free port of loopback; see Pass."""

    def __init__(self, *, seconds_for_head: float = _SECONDS_FOR_HEAD) -> None:
        self._seconds_for_head = seconds_for_head
        self._passes: dict[str, Pass] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, _HOST, 0, limit=_CHUNK)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._server:
            self._server.close()
        for admitted in list(self._passes.values()):
            self.dismiss(admitted)
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def admit(
        self,
        destinations: Destinations,
        on_failure: Callable[[str, int, Exception], None],
        on_too_much: Callable[[], None] = lambda: None,
    ) -> Pass:
        """A pass for a new page."""
        admitted = Pass(f"http://{_HOST}:{self.port}", destinations, on_failure, on_too_much)
        self._passes[admitted.name] = admitted
        return admitted

    def dismiss(self, admitted: Pass) -> None:
        """End a page's connections and its pass."""
        admitted.close()
        self._passes.pop(admitted.name, None)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._serving) >= _CONNECTIONS:
            writer.transport.abort()
            return
        self._serving.add(task)
        try:
            await self._serve(reader, writer)
        # What breaks a connection is the page's or its server's affair, and ends that connection.
        except (OSError, h11.ProtocolError, AddressRefused, TimeoutError):
            pass
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._serving.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = h11.Connection(h11.SERVER, max_incomplete_event_size=_LONGEST_HEAD)
        async with asyncio.timeout(self._seconds_for_head):
            request = await _next_event(client, reader)
        if not isinstance(request, h11.Request):
            return
        admitted = self._admitted(request)
        if admitted is None:
            writer.write(_WHO)
            await writer.drain()
            return
        host, port = _destination(request)
        try:
            upstream = await self._connected(admitted, host, port)
        except (OSError, TimeoutError, AddressRefused) as problem:
            admitted.on_failure(host, port, problem)
            if request.method == b"CONNECT":
                writer.write(_NO_TUNNEL)
                await writer.drain()
            return
        try:
            with admitted.holding(writer, upstream[1]):
                await _relayed(client, request, (reader, writer), upstream, admitted)
        finally:
            upstream[1].close()

    def _admitted(self, request: h11.Request) -> Pass | None:
        """The pass whose credentials a request bears."""
        given = dict(request.headers).get(b"proxy-authorization", b"")
        try:
            name, _, password = base64.b64decode(given.partition(b" ")[2]).decode().partition(":")
        except ValueError:
            return None
        admitted = self._passes.get(name)
        return admitted if admitted and admitted.admits(password) else None

    async def _connected(
        self, admitted: Pass, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to one of a host's addresses; raises Refused, OSError or TimeoutError."""
        async with asyncio.timeout(_SECONDS_TO_CONNECT):
            addresses = await admitted.destinations.addresses(host, port)
        if port == self.port and any(map(is_loopback, addresses)):
            raise AddressRefused("a page must not ask the proxy that it is served by")
        problem: Exception = OSError(f"{host} has no address")
        for address in addresses:
            try:
                async with asyncio.timeout(_SECONDS_TO_CONNECT):
                    return await asyncio.open_connection(address, port)
            except (OSError, TimeoutError) as failed:
                problem = failed
        raise problem


async def _next_event(client: h11.Connection, reader: asyncio.StreamReader) -> object:
    """The next event of a connection; raises h11.RemoteProtocolError for what is not HTTP."""
    while (event := client.next_event()) is h11.NEED_DATA:
        client.receive_data(await reader.read(_CHUNK))
    return event


def _destination(request: h11.Request) -> tuple[str, int]:
    """The host and port of a request; raises h11.RemoteProtocolError where it names none."""
    target = request.target.decode("ascii")
    parts = urlsplit(f"//{target}" if request.method == b"CONNECT" else target)
    try:
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        port = None
    if not parts.hostname or not port or (request.method != b"CONNECT" and parts.scheme != "http"):
        raise h11.RemoteProtocolError(f"{target!r} names no destination")
    return parts.hostname, port


def _forwarded(request: h11.Request) -> h11.Request:
    """A plain request as its server is to see it."""
    parts = urlsplit(request.target.decode("ascii"))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = [
        (name, value)
        for name, value in request.headers
        if name not in _HOP and not name.startswith(b"proxy-")
    ]
    host = parts.netloc.rpartition("@")[2].encode()
    return h11.Request(
        method=request.method,
        target=target,
        headers=[(b"Host", host), *headers, (b"Connection", b"close")],
    )


async def _relayed(
    client: h11.Connection,
    request: h11.Request,
    downstream: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    admitted: Pass,
) -> None:
    """Pass on a request and its answer, or both ways of a tunnel, until one side ends it."""
    (from_page, to_page), (from_host, to_host) = downstream, upstream
    if request.method == b"CONNECT":
        to_page.write(_TUNNEL)
        to_host.write(client.trailing_data[0])
        sending = _copied(from_page, to_host, admitted)
    else:
        await _sent(client, request, from_page, to_host, admitted)
        sending = _silent(from_page)
    ways = [asyncio.ensure_future(way) for way in (sending, _copied(from_host, to_page, admitted))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _sent(
    client: h11.Connection,
    request: h11.Request,
    from_page: asyncio.StreamReader,
    to_host: asyncio.StreamWriter,
    admitted: Pass,
) -> None:
    """Send a plain request with its body, and nothing that follows it."""
    server = h11.Connection(h11.CLIENT)
    to_host.write(server.send(_forwarded(request)) or b"")
    while isinstance(event := await _next_event(client, from_page), h11.Data):
        admitted.spend(len(event.data))
        to_host.write(server.send(event) or b"")
        await to_host.drain()
    if not isinstance(event, h11.EndOfMessage):
        raise ConnectionError("the page broke off its request")
    if client.trailing_data[0]:
        raise ConnectionError("the page sent more than one request")
    to_host.write(server.send(h11.EndOfMessage()) or b"")
    await to_host.drain()


async def _silent(from_page: asyncio.StreamReader) -> None:
    """Return when the page ends the connection, or sends what does not belong to its one request."""
    await from_page.read(1)


async def _copied(source: asyncio.StreamReader, target: asyncio.StreamWriter, admitted: Pass) -> None:
    """Copy until the source ends; a reset is passed on as one."""
    with suppress(OSError):
        while data := await source.read(_CHUNK):
            admitted.spend(len(data))
            target.write(data)
            await target.drain()
        return
    target.transport.abort()
