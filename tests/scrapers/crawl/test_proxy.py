"""The browser's proxy by itself: who may use it, and where it connects."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from scrapers.crawl import proxy as proxies
from scrapers.crawl.proxy import Pass, Proxy
from scrapers.crawl.ssrf_guard import Destinations

LOOPBACK = "127.0.0.1"


@dataclass
class Host:
    """A server on loopback that notes what it receives; `answer` is what it says to anything."""

    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    received: list[bytes] = field(default_factory=list)
    port: int = 0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.received.append(b"")
        while data := await reader.read(4096):
            self.received[-1] += data
            writer.write(self.answer)
            if data.startswith(b"GET"):
                break
        writer.close()


@dataclass
class Stage:
    """A proxy, a host behind it, and what the proxy said of connections that it did not make."""

    proxy: Proxy
    host: Host
    failures: list[tuple[str, int, str]] = field(default_factory=list)

    def admit(self, destinations: Destinations, **more: Any) -> Pass:
        return self.proxy.admit(
            destinations, lambda host, port, why: self.failures.append((host, port, str(why))), **more
        )

    async def say(self, sent: bytes) -> bytes:
        """What the proxy answers until it ends the connection."""
        reader, writer = await asyncio.open_connection(LOOPBACK, self.proxy.port)
        writer.write(sent)
        try:
            async with asyncio.timeout(5):
                return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()

    async def ask(self, admitted: Pass | None, target: str, *more: str, method: str = "GET") -> bytes:
        return await self.say(request(admitted, target, *more, method=method))


def request(admitted: Pass | None, target: str, *more: str, method: str = "GET") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: somewhere", *more]
    if admitted:
        pair = f"{admitted.settings['username']}:{admitted.settings['password']}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}")
    return "\r\n".join([*lines, "", ""]).encode()


@asynccontextmanager
async def stage(**settings: Any) -> AsyncIterator[Stage]:
    host = Host()
    async with Proxy(**settings) as proxy, await asyncio.start_server(host.accept, LOOPBACK, 0) as server:
        host.port = server.sockets[0].getsockname()[1]
        yield Stage(proxy, host)


def staged(test: Callable[[Stage], Awaitable[None]], **settings: Any) -> None:
    async def run() -> None:
        async with stage(**settings) as own:
            await test(own)

    asyncio.run(run())


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Names resolve to these addresses in turn, the last for good; returns the names asked for."""
    asked: list[str] = []

    async def getaddrinfo(self: Any, host: str, port: int, **more: Any) -> list[Any]:
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return asked


def connecting(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> list[str]:
    """Connections to any public address end at the stage's host; returns the addresses."""
    connected: list[str] = []
    real = asyncio.open_connection

    async def open_connection(host: str, port: int, **more: Any) -> Any:
        if host == LOOPBACK:
            return await real(host, port, **more)
        connected.append(host)
        return await real(LOOPBACK, stage.host.port, **more)

    monkeypatch.setattr(asyncio, "open_connection", open_connection)
    return connected


def test_a_tunnel_and_a_plain_request_reach_their_host() -> None:
    async def test(stage: Stage) -> None:
        admitted = stage.admit(Destinations(allow_loopback=True))
        place = f"{LOOPBACK}:{stage.host.port}"
        plain = await stage.ask(admitted, f"http://{place}/prices?a=1", "Connection: keep-alive", "X-Own: 1")
        assert plain.endswith(b"\r\n\r\nok")
        (sent,) = stage.host.received
        assert sent.startswith(f"GET /prices?a=1 HTTP/1.1\r\nHost: {place}\r\n".encode())
        assert b"1\r\nConnection: close" in sent
        assert b"roxy" not in sent
        tunnel = request(admitted, place, method="CONNECT") + b"hello"
        reader, writer = await asyncio.open_connection(LOOPBACK, stage.proxy.port)
        writer.write(tunnel)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert (await reader.read(15)).startswith(b"HTTP/1.1 200 OK")
        assert stage.host.received[-1] == b"hello"
        writer.close()

    staged(test)


@pytest.mark.parametrize("method", ["GET", "CONNECT"])
@pytest.mark.parametrize(
    "host",
    [
        *("10.0.0.1", "127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0"),
        *("[::1]", "[::ffff:10.0.0.1]", "[64:ff9b::10.0.0.1]", "[2002:a00:1::1]", "[fd00::1]", "[fe80::1]"),
    ],
)
def test_no_spelling_of_an_address_that_is_not_public_is_connected(host: str, method: str) -> None:
    async def test(stage: Stage) -> None:
        admitted = stage.admit(Destinations(ports=frozenset({stage.host.port})))
        place = f"{host}:{stage.host.port}"
        answer = await stage.ask(
            admitted, place if method == "CONNECT" else f"http://{place}/", method=method
        )
        assert answer.startswith(b"HTTP/1.1 502") if method == "CONNECT" else answer == b""
        ((_, port, why),) = stage.failures
        assert port == stage.host.port
        assert why.endswith("is not a public address")
        assert stage.host.received == []

    staged(test)


def test_a_name_with_one_address_that_is_not_public_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(stage: Stage) -> None:
        resolving(monkeypatch, ["93.184.216.34", "10.0.0.1"])
        assert await stage.ask(stage.admit(Destinations()), "http://both.example/") == b""
        assert stage.failures == [("both.example", 80, "both.example (10.0.0.1) is not a public address")]

    staged(test)


def test_what_is_connected_is_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(stage: Stage) -> None:
        connected = connecting(monkeypatch, stage)
        asked = resolving(monkeypatch, ["93.184.216.34"], ["10.0.0.1"])
        admitted = stage.admit(Destinations())
        assert (await stage.ask(admitted, "http://rebound.example/")).endswith(b"ok")
        assert await stage.ask(admitted, "http://rebound.example/") == b""
        assert connected == ["93.184.216.34"]
        assert asked == ["rebound.example"] * 2

    staged(test)


def test_public_addresses_are_asked_at_the_ports_of_the_web_and_of_the_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(stage: Stage) -> None:
        connected = connecting(monkeypatch, stage)
        resolving(monkeypatch, ["93.184.216.34"])
        admitted = stage.admit(Destinations(ports=frozenset({80, 443, 8443})))
        for port in (80, 443, 8443):
            assert (await stage.ask(admitted, f"http://site.example:{port}/")).endswith(b"ok")
        for port in (22, 25, 6379, 8080):
            assert await stage.ask(admitted, f"http://site.example:{port}/") == b""
        assert len(connected) == 3

    staged(test)


def test_a_page_with_a_credential_reaches_its_declared_origin_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(stage: Stage) -> None:
        connecting(monkeypatch, stage)
        resolving(monkeypatch, ["93.184.216.34"])
        admitted = stage.admit(Destinations(only=frozenset({("site.example", 443)})))
        assert await stage.ask(admitted, "http://site.example/") == b""
        assert (await stage.ask(admitted, "other.example:443", method="CONNECT")).startswith(b"HTTP/1.1 502")
        assert stage.host.received == []

    staged(test)


def test_who_has_no_pass_is_not_served() -> None:
    async def test(stage: Stage) -> None:
        place = f"http://{LOOPBACK}:{stage.host.port}/"
        ended = stage.admit(Destinations(allow_loopback=True))
        stage.proxy.dismiss(ended)
        for wrong in ("Basic", "Basic !!", "Basic bm9ib2R5Om5vdGhpbmc=", "Bearer x"):
            assert (await stage.ask(None, place, f"Proxy-Authorization: {wrong}")).startswith(b"HTTP/1.1 407")
        for nobody in (None, ended):
            assert (await stage.ask(nobody, place)).startswith(b"HTTP/1.1 407")
            assert (await stage.ask(nobody, "a.example:443", method="CONNECT")).startswith(b"HTTP/1.1 407")
        assert stage.host.received == []

    staged(test)


def test_the_proxy_cannot_be_asked_through_itself() -> None:
    async def test(stage: Stage) -> None:
        admitted = stage.admit(Destinations(allow_loopback=True))
        for host in (LOOPBACK, "localhost", "127.0.0.2"):
            assert await stage.ask(admitted, f"http://{host}:{stage.proxy.port}/") == b""
        assert len(stage.failures) == 3

    staged(test)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"GET\r\n\r\n",
        b"\x00" * 100_000,
        b"GET http://site.example/ HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 200_000,
        b"GET http://site.example/ HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 50_000,
    ],
)
def test_what_is_not_http_or_has_no_end_is_not_served(sent: bytes) -> None:
    async def test(stage: Stage) -> None:
        assert await stage.say(sent) == b""

    staged(test, seconds_for_head=1.0)


@pytest.mark.parametrize("target", ["/prices", "file:///etc/passwd", "ftp://site.example/", "http://", "*"])
def test_a_request_without_a_destination_is_not_served(target: str) -> None:
    async def test(stage: Stage) -> None:
        assert await stage.ask(stage.admit(Destinations(allow_loopback=True)), target) == b""

    staged(test)


def test_a_head_that_does_not_end_in_time_is_not_waited_for() -> None:
    async def test(stage: Stage) -> None:
        assert await stage.say(b"GET http://site.example/ HTTP/1.1\r\n") == b""

    staged(test, seconds_for_head=0.1)


def test_a_connection_carries_one_plain_request() -> None:
    async def test(stage: Stage) -> None:
        admitted = stage.admit(Destinations(allow_loopback=True))
        first = request(admitted, f"http://{LOOPBACK}:{stage.host.port}/one")
        await stage.say(first + request(admitted, f"http://{LOOPBACK}:{stage.host.port}/two"))
        assert len(stage.host.received) == 1
        assert not any(b"/two" in sent or b"roxy" in sent for sent in stage.host.received)

    staged(test)


def test_a_page_that_moves_too_many_bytes_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(stage: Stage) -> None:
        stage.host.answer = b"x" * 5_000
        told: list[bool] = []
        admitted = stage.admit(Destinations(allow_loopback=True), on_too_much=lambda: told.append(True))
        place = f"http://{LOOPBACK}:{stage.host.port}/"
        assert await stage.ask(admitted, place) == b""
        assert told == [True]
        assert (await stage.ask(admitted, place)).startswith(b"HTTP/1.1 407")

    monkeypatch.setattr(proxies, "MOST_BYTES", 1_000)
    staged(test)
