"""Servers that send a key elsewhere, break a transfer off, or never come to the end of their headers."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from scrapers.archive.writer import Archive, read_archive
from scrapers.crawl.client import FetchPlan, Job, fetch
from scrapers.page import Capture
from scrapers.parse import redirected
from scrapers.registry import source
from tests.loopback import serving

SLOT = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
KEY = "k3y-of-the-night"
OFFERS = b'{"offers": [1, 2, 3]}'
PROVIDER = 'title = "T"\nkind = "cloud"\nstatus = "active"\nhomepage = "http://127.0.0.1"\n'
SOURCE = """
[source.{name}]
title = "{name}"
shape = "{shape}"
delay_seconds = 0
timeout_seconds = 60
good.offers.rows_at_least = 1
{more}
[[source.{name}.ask]]
url = "{url}"
"""
PAGE = """
from scrapers.page import FetchRequest

def led_on_follow(ask, payload):
    yield FetchRequest(payload.value["next"])
"""
KEYED = 'credential = { variable = "LOOPBACK_KEY", header = "X-Goog-Api-Key", prefix = "" }'
NO_LINGER = struct.pack("ii", 1, 0)


@dataclass
class Web:
    """An origin for each source, and another one; `keys` are the paths to which they were sent the key."""

    here: dict[str, str] = field(default_factory=dict)
    there: str = ""
    keys: dict[str, list[str]] = field(default_factory=lambda: {"here": [], "there": []})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    web: Web
    name: str

    def do_GET(self) -> None:
        if KEY in str(self.headers) + self.path:
            self.web.keys[self.name].append(self.path)
        answer = getattr(self, self.path.strip("/").partition("?")[0].replace(".txt", ""), None)
        if answer is None:
            self._say(b"nothing here", status=404)
        else:
            answer()

    def away(self) -> None:
        self._say(b"", status=302, headers={"Location": f"{self.web.there}/prices"})

    def away_with_a_user(self) -> None:
        named = self.web.there.replace("//", "//me:k@")
        self._say(b"", status=302, headers={"Location": f"{named}/prices"})

    def within(self) -> None:
        self._say(b"", status=307, headers={"Location": "/prices"})

    def led_on(self) -> None:
        self._say(json.dumps({"next": f"{self.web.there}/prices"}).encode())

    def prices(self) -> None:
        self._say(OFFERS)

    def part(self) -> None:
        self._say(OFFERS, status=206)

    def wrong_checksum(self) -> None:
        packed = bytearray(gzip.compress(OFFERS))
        packed[-6] ^= 1
        self._say(bytes(packed), headers={"Content-Encoding": "gzip"})

    def cut_gzip(self) -> None:
        self._say(gzip.compress(OFFERS)[:-4], headers={"Content-Encoding": "gzip"})

    def brotli(self) -> None:
        self._say(OFFERS, headers={"Content-Encoding": "br"})

    def cut_chunks(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n" + OFFERS + b"\r\n")
        self.close_connection = True

    def reset(self) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n" + OFFERS)
        self.wfile.flush()
        threading.Event().wait(0.2)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self.connection.close()
        self.close_connection = True

    def closed(self) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n" + OFFERS)
        self.close_connection = True

    def endless_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(100_000):
            self.wfile.write(b"X-%d: %b\r\n" % (number, b"x" * 100))
        self.close_connection = True

    def endless_hints(self) -> None:
        self.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000)
        self._say(OFFERS)

    def _say(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the test."""


SOURCES = {
    "away": (KEYED, "json_api"),
    "away_with_a_user": ("", "json_api"),
    "within": (KEYED, "json_api"),
    "led_on": (KEYED, "json_api"),
    "part": ("", "json_api"),
    "wrong_checksum": ("", "json_api"),
    "cut_gzip": ("", "json_api"),
    "brotli": ("", "json_api"),
    "cut_chunks": ("", "json_api"),
    "reset": ("", "json_api"),
    "closed": ("", "json_api"),
    "endless_headers": ("", "json_api"),
    "endless_hints": ("", "json_api"),
}
YAML = {"closed_yaml": ("", "yaml_file")}


def _address(server: _Server) -> str:
    return "http://{}:{}".format(*server.server_address[:2])


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    web = Web()
    names = [*SOURCES, *YAML, "spelled_out"]
    handlers = {name: type(name, (_Handler,), {"web": web, "name": name}) for name in ("here", "there")}
    # A crawl asks a host one thing at a time, so every source has one of its own.
    servers = [_Server((f"127.0.1.{number}", 0), handlers["here"]) for number, _ in enumerate(names, start=1)]
    other = _Server(("127.0.0.1", 0), handlers["there"])
    web.here = {name: _address(server) for name, server in zip(names, servers, strict=True)}
    web.there = _address(other)
    with ExitStack() as stack:
        for server in [*servers, other]:
            stack.enter_context(serving(server))
        yield web


@pytest.fixture(scope="module")
def night(web: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Archive]]:
    folder, home = tmp_path_factory.mktemp("providers"), tmp_path_factory.mktemp("home")
    own = folder / "loopback_keys"
    own.mkdir()
    text = PROVIDER
    for name, (more, shape) in (SOURCES | YAML).items():
        url = f"{web.here[name]}/{name.removesuffix('_yaml')}"
        text += SOURCE.format(name=name, shape=shape, more=more, url=url)
    url = f"{web.here['spelled_out']}/away?api_key={KEY}"
    text += SOURCE.format(name="spelled_out", shape="json_api", more="", url=url)
    (own / "provider.toml").write_text(text, encoding="utf-8")
    (own / "__init__.py").touch()
    (own / "page.py").write_text(PAGE, encoding="utf-8")
    plan = FetchPlan(
        home=home,
        run_id="keys0000",
        jobs=tuple(Job(f"loopback_keys.{name}", SLOT) for name in web.here),
        allow_loopback=True,
        providers=folder,
        request_timeout=10,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOPBACK_KEY", KEY)
        paths = asyncio.run(fetch(plan, lambda job, path: None))
    yield {job.source.partition(".")[2]: read_archive(path, home) for job, path in paths.items()}


def test_a_key_reaches_its_own_origin_and_no_other(night: dict[str, Archive], web: Web) -> None:
    assert "/prices" in web.keys["here"], "a redirect within the origin takes the key along"
    assert "/away" in web.keys["here"]
    assert web.keys["there"] == []
    for path in web.keys["here"]:
        assert "robots" not in path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("away", "and a request with a key is not sent to another origin"),
        ("spelled_out", "and a request with a key is not sent to another origin"),
        ("led_on", "and a request with a key is not sent to another origin"),
        ("away_with_a_user", "names a user"),
        ("part", "HTTP 206, not a whole answer"),
        ("wrong_checksum", "its gzip cannot be unpacked (incorrect data check) (3 tries)"),
        ("cut_gzip", "broke off before the end of its gzip (3 tries)"),
        ("brotli", "encoded as 'br', which was not asked for"),
        ("cut_chunks", "the answer broke off before its end"),
        ("reset", "the answer broke off before its end"),
        ("closed_yaml", "states no length"),
        ("endless_headers", "sent more headers than are accepted"),
        ("endless_hints", "sent more headers than are accepted"),
    ],
)
def test_what_is_not_whole_or_leads_a_key_away_fails_with_the_reason(
    night: dict[str, Archive], name: str, said: str
) -> None:
    (error,) = night[name].outcome.errors
    assert said in error
    if name != "led_on":
        assert night[name].answers == []


def test_an_answer_that_proves_itself_needs_no_stated_length(night: dict[str, Archive]) -> None:
    assert [answer.body for answer in night["closed"].answers] == [OFFERS]
    assert night["closed"].outcome.ok


def test_the_page_of_another_host_is_a_finding() -> None:
    spot = source("aws.spot")
    own, other = spot.asks[0].url, "https://prices.example/spot.json"
    captures = [Capture(spot.id, url, SLOT, 200, "application/json", b"{}") for url in (own, other)]
    assert [finding[:2] for finding in redirected(spot, captures)] == [("redirected", "prices.example")]
    plain = Capture(spot.id, own.replace("https", "http"), SLOT, 200, "application/json", b"{}")
    assert ["without encryption" in finding[2] for finding in redirected(spot, [plain])] == [True]
