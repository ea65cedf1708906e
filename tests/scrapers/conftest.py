"""A provider on this machine: a server whose every path misbehaves in its own way, and its declaration."""

from __future__ import annotations

import gzip
import json
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.loopback import Declared, declare_provider, serving

ELSEWHERE = "http://10.255.255.1/prices"
SHELL = """<!doctype html><html><head><link rel="icon" href="data:,"></head><body><main></main><script>
fetch("/rendered/prices.json").then((answer) => answer.json()).then((prices) => {
  document.querySelector("main").innerHTML = prices.map((price) => `<p class="price">${price}</p>`).join("");
});
</script></body></html>"""
NOSY = """<!doctype html><html><head><link rel="icon" href="data:,"></head><body><script>
fetch("http://192.168.0.1/secrets").catch(() => { document.body.innerHTML = "<p class='price'>none</p>"; });
</script></body></html>"""
PAGE = """
from collections.abc import Callable, Iterator, Mapping, Sequence

from scrapers.page import FetchRequest, PageBroken, Payload


def paged_follow(ask: FetchRequest, payload: Payload) -> Iterator[FetchRequest]:
    cursor = payload.value["next"]
    if cursor:
        yield FetchRequest(ask.url, f"page {cursor}", {"cursor": cursor})


def mistaken_follow(ask: FetchRequest, payload: Payload) -> Iterator[FetchRequest]:
    raise PageBroken("never reached: the answer is no JSON")


def defective_follow(ask: FetchRequest, payload: Payload) -> Iterator[FetchRequest]:
    raise KeyError("a field that its author took for granted")
"""

Declare = Callable[[Path, Mapping[str, tuple[str, int, Sequence[str]]]], Path]


class Provider(ThreadingHTTPServer):
    """The server; `asked` counts requests by path, `agents` are those who asked."""

    daemon_threads = True

    def __init__(self, robots: str | None, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: Counter[str] = Counter()
        self.agents: set[str] = set()
        self.robots = robots
        self.patience = threading.Event()
        self.scheme = "https" if tls else "http"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the game."""

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Provider

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked[path] += 1
        self.server.agents.add(self.headers["User-Agent"])
        getattr(self, path.strip("/").split("/")[0].replace(".txt", ""), self._unknown)()

    do_POST = do_GET  # noqa: N815 (http.server's name)

    def robots(self) -> None:
        if self.server.robots is None:
            self._say("nothing here", status=404)
        else:
            self._say(self.server.robots, "text/plain")

    def plain(self) -> None:
        body = gzip.compress(b"<h1>Prices</h1>")
        headers = {"Content-Encoding": "gzip", "Set-Cookie": "session=very-secret"}
        self._say(body, "text/html; charset=utf-8", headers=headers)

    def paged(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._say(json.dumps({"offers": [asked], "next": 2 if asked["cursor"] == 1 else None}))

    def rendered(self) -> None:
        is_data = self.path.endswith(".json")
        self._say('["1.10", "2.20"]') if is_data else self._say(SHELL, "text/html")

    def nosy(self) -> None:
        self._say(NOSY, "text/html")

    def busy(self) -> None:
        if self.server.asked["/busy"] == 1:
            self._say("{}", status=429, headers={"Retry-After": "1"})
        else:
            self._say('{"offers": []}')

    def broken(self) -> None:
        self._say("{}", status=500)

    def quota(self) -> None:
        self._say('{"error": "search_quota_exceeded"}', status=429)

    def hung(self) -> None:
        self.server.patience.wait(60)

    def truncated(self) -> None:
        self._say('{"offers"', headers={"Content-Length": "5000", "Connection": "close"})
        self.close_connection = True

    def mistaken(self) -> None:
        self._say("<h1>Please come back later</h1>", "text/html")

    def defective(self) -> None:
        self._say("{}")

    def moved(self) -> None:
        self._say("", status=301, headers={"Location": "/plain"})

    def sent_away(self) -> None:
        self._say("", status=302, headers={"Location": ELSEWHERE})

    def oversize(self) -> None:
        self._say("x", headers={"Content-Length": str(200 * 1024 * 1024), "Connection": "close"})
        self.close_connection = True

    def private(self) -> None:
        self._say("not for robots")

    def _unknown(self) -> None:
        self._say("nothing here", status=404)

    def _say(
        self,
        body: str | bytes,
        media_type: str = "application/json",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in {
            "Content-Type": media_type,
            "Content-Length": str(len(content)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def serve(robots: str | None, tls: ssl.SSLContext | None = None) -> Iterator[Provider]:
    server = Provider(robots, tls)
    with serving(server, server.patience):
        yield server


@pytest.fixture(scope="module")
def server() -> Iterator[Provider]:
    """A server on 127.0.0.1 with a robots.txt."""
    yield from serve("User-agent: *\nDisallow: /private\n")


@pytest.fixture(scope="module")
def unruled_server() -> Iterator[Provider]:
    """A server that has no robots.txt."""
    yield from serve(None)


@pytest.fixture(scope="module")
def untrusted_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """A server on https whose certificate nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path_factory.mktemp("tls") / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    yield from serve(None, tls)


@pytest.fixture(scope="session")
def declare() -> Declare:
    """Writes the provider `loopback` below a folder: source -> shape, timeout in seconds, asks as TOML."""

    def written(folder: Path, sources: Mapping[str, tuple[str, int, Sequence[str]]]) -> Path:
        declared = {
            name: Declared(shape, asks, timeout_seconds)
            for name, (shape, timeout_seconds, asks) in sources.items()
        }
        return declare_provider(folder, "loopback", declared, PAGE)

    return written
