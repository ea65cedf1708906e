"""A provider on this machine, as an installation of its own would declare it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.loopback import serving

DECLARED = """
title = "A provider on this machine"
kind = "cloud"
status = "active"
homepage = "http://127.0.0.1"

[source.prices]
title = "Prices"
format = "json_api"
delay_seconds = 0
good.offers.rows_at_least = 1
[[source.prices.request]]
url = "{url}/prices"

[source.market]
title = "Market"
format = "json_api"
cadence = "hourly"
delay_seconds = 0
good.offers.rows_at_least = 1
[[source.market.request]]
url = "{url}/market"
"""
PAGE = """
from scrapers.page import Json, each, offer, source_page


def _offer(capture, record, notes):
    price = record.take("price")
    return offer(
        capture,
        offer_key=record.take("name"),
        gpu_model="H100",
        gpu_count=1,
        pricing_model="on_demand",
        usd_per_hour=price,
        price_as_shown=str(price),
    )


@source_page(Json)
def prices(documents, notes):
    for document in documents:
        yield from each(document.value["offers"], _offer, notes, table="offers", capture=document.capture)


market = prices
"""


class LocalServer(ThreadingHTTPServer):
    """Answers with one offer once `gate` is open, and with a page of HTML once `page_gate` is.

    `asked` is set by the first request for either, `paths` are those that were asked for.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.price = 2.5
        self.gate = threading.Event()
        self.gate.set()
        self.page_gate = threading.Event()
        self.page_gate.set()
        self.asked = threading.Event()
        self.paths: set[str] = set()

    def handle_error(self, request: object, client_address: object) -> None:
        """A run that is killed hangs up."""


class _Handler(BaseHTTPRequestHandler):
    server: LocalServer

    def do_GET(self) -> None:
        if self.path == "/robots.txt":
            self.send_response(404)
            self.end_headers()
            return
        self.server.asked.set()
        self.server.paths.add(self.path)
        is_page = self.path == "/page"
        (self.server.page_gate if is_page else self.server.gate).wait(60)
        offers = json.dumps({"offers": [{"name": "h100", "price": self.server.price}]})
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if is_page else "application/json")
        self.end_headers()
        self.wfile.write(b'<p class="price">2.5</p>' if is_page else offers.encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Local:
    """The server, and the variables of an installation that reads it and nothing else."""

    server: LocalServer
    variables: dict[str, str]


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    """A provider on 127.0.0.1 with a nightly source and an hourly one."""
    server = LocalServer()
    folder = tmp_path / "providers" / "local"
    folder.mkdir(parents=True)
    url = f"http://127.0.0.1:{server.server_port}"
    (folder / "provider.toml").write_text(DECLARED.format(url=url), encoding="utf-8")
    (folder / "page.py").write_text(PAGE, encoding="utf-8")
    (folder / "__init__.py").touch()
    variables = {
        "GPULEDGER_PROVIDERS": str(folder.parent),
        "GPULEDGER_ONLY": '["local"]',
        "GPULEDGER_ALLOW_LOOPBACK": "true",
    }
    with serving(server, server.gate, server.page_gate):
        yield Local(server, variables)
