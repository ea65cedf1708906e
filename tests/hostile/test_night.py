"""A whole night against a service that echoes the key it was sent and paints terminals: in vain.

The key is sought wherever a run leaves anything: archive, logs, ledger, warehouse, site, output, and Prefect.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

from scrapers.archive.redaction import REDACTED, Secrets
from tests.loopback import serving
from warehouse.ledger import WAREHOUSE_FILE, read_warehouse

Gpuledger = Callable[..., CompletedProcess[str]]
SECRET = "s3cret/of the+night"  # noqa: S105 (a made-up one)
PAINT = "\x1b[2J\x1b]0;pwned\x07\x9b31m\u202eevil"
OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
AT = "2026-11-20T03:17:00Z"
SOURCE = """
[source.{name}]
title = "{name}"
shape = "json_api"
delay_seconds = 0
timeout_seconds = 30
good.offers.rows_at_least = 1
credential = {{ variable = "ACME_TOKEN" }}
[[source.{name}.ask]]
url = "{url}/{name}"
"""
PROVIDER = """
title = "Acme"
kind = "cloud"
status = "active"
homepage = "http://127.0.0.1"
"""
PAGE = """
from collections.abc import Iterator

from scrapers.page import FetchRequest, Notes, PageBroken, Payload, Record, Row, each, offer


def good(documents, notes):
    for payload in documents:

        def read(record: Record) -> Iterator[Row]:
            name = record.take("name")
            yield offer(
                payload.capture,
                offer_key=name,
                pricing_model="on_demand",
                usd_per_hour=record.take_number("usd"),
                price_as_shown=str(record.raw),
                gpu_count=1,
                gpu_model=name,
            )

        yield from each(payload.value["offers"], read, notes, table="offers", capture=payload.capture)
        notes.add("unknown_word", payload.value["you_sent"])


def good_follow(ask, payload):
    if not ask.label:
        yield FetchRequest(payload.value["next"], "next")


def packed(documents, notes):
    yield from good(documents, notes)


def broken(documents, notes):
    raise PageBroken(f"it says {documents[0].value['you_sent']}")


def crashing(documents, notes):
    raise SystemError(documents[0].value["you_sent"])


def crashing_follow(ask, payload):
    raise SystemError(payload.value["you_sent"])


def astray(documents, notes):
    yield from ()


moved = failing = astray
"""


class Echo(BaseHTTPRequestHandler):
    """Answers every request with what it was sent, everywhere that an answer has room for it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name = self.path.strip("/").partition("/")[0].partition("?")[0]
        key = self.headers["Authorization"] or "nothing"
        bare = key.removeprefix("Bearer ")
        where = {
            "moved": f"/good?q={quote(bare)}&w={quote(bare, safe='')}",
            "astray": f"http://10.255.255.1/{quote(bare)}",
        }
        status = {"robots.txt": 404, "failing": 500}.get(name, 302 if name in where else 200)
        said = f"{PAINT} {key}"
        here = f"http://127.0.0.1:{self.server.server_address[1]}"
        offers = [{"name": "H100", "usd": 2.5, bare: said}, {"name": said, "usd": said}]
        body = json.dumps(
            {"offers": offers, "you_sent": said, "next": f"{here}/good?key_is={quote(bare)}"}
        ).encode()
        headers = {"Content-Type": "application/json", "X-You-Sent": key, "Set-Cookie": f"k={bare}"}
        if name == "packed":
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        if name in where:
            headers["Location"] = where[name]
        self.send_response(status, f"no {bare}")
        for header, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Night:
    home: Path
    output: str
    prefect: str


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_address[1]}"


@pytest.fixture(scope="module")
def acme(echo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The service declared, its key in the environment."""
    folder = tmp_path_factory.mktemp("providers") / "acme"
    folder.mkdir()
    names = ("good", "packed", "broken", "crashing", "astray", "moved", "failing")
    declared = PROVIDER + "".join(SOURCE.format(name=name, url=echo) for name in names)
    (folder / "provider.toml").write_text(declared, encoding="utf-8")
    (folder / "__init__.py").touch()
    (folder / "page.py").write_text(PAGE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GPULEDGER_PROVIDERS", str(folder.parent))
        patch.setenv("GPULEDGER_ALLOW_LOOPBACK", "true")
        patch.setenv("ACME_TOKEN", SECRET)
        yield


@pytest.fixture(scope="module")
def night(
    acme: None, gpuledger_anew: Gpuledger, prefect_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Night:
    home = tmp_path_factory.mktemp("night")
    ran = gpuledger_anew("nightly", "--home", home, "--source", "acme")
    assert "acme.good" in ran.stdout, ran.stderr
    told = _prefect(prefect_server, "artifacts") + _prefect(prefect_server, "logs")
    return Night(home, ran.stdout + ran.stderr, told)


def _prefect(api: str, what: str) -> str:
    found = []
    for offset in range(0, 2000, 200):
        asked = json.dumps({"limit": 200, "offset": offset}).encode()
        request = Request(f"{api}/{what}/filter", asked, {"Content-Type": "application/json"})
        with urlopen(request) as answer:
            found.append(json.loads(answer.read()))
        if len(found[-1]) < 200:
            break
    return json.dumps(found, ensure_ascii=False)


def _spellings() -> list[bytes]:
    quoted = {quote(SECRET), quote(SECRET, safe=""), quote(SECRET, safe="+/"), SECRET.replace(" ", "+")}
    return [one.encode() for one in {SECRET, *quoted}]


def _left_behind(home: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(home.rglob("*")):
        if path.is_file():
            body = path.read_bytes()
            yield str(path.relative_to(home)), gzip.decompress(body) if path.suffix == ".gz" else body


def test_the_key_is_nowhere_that_a_run_leaves_anything(night: Night) -> None:
    found = [name for name, body in _left_behind(night.home) for key in _spellings() if key in body]
    assert found == []
    for key in _spellings():
        assert key.decode() not in night.output
        assert key.decode() not in night.prefect
    assert "acme.broken" in night.prefect, "the run's own artifact was looked at"
    assert len([name for name, _ in _left_behind(night.home) if "acme." in name]) >= 7


def test_what_was_stored_says_that_it_was_redacted_and_is_read_all_the_same(night: Night) -> None:
    with read_warehouse(night.home / WAREHOUSE_FILE) as connection:
        scrapes = dict(connection.sql("SELECT source, status FROM scrapes").fetchall())
        prices = connection.sql("SELECT DISTINCT source, usd_per_hour FROM offers ORDER BY 1").fetchall()
        errors = dict(connection.sql("SELECT source, error FROM scrapes").fetchall())
    assert {scrapes["acme.good"], scrapes["acme.packed"]} <= {"ok", "partial"}
    assert prices == [("acme.good", 2.5), ("acme.packed", 2.5)]
    assert REDACTED in errors["acme.broken"]
    assert "a request with a key is not sent to another origin" in errors["acme.astray"]
    archives = {name: body for name, body in _left_behind(night.home) if name.endswith(".warc.gz")}
    for source in ("good", "packed"):
        (archive,) = (body for name, body in archives.items() if f"acme.{source}." in name)
        assert b"Gpuledger-Redacted: body" in archive
        assert archive.count(REDACTED.encode()) >= 4
    assert b"Authorization: REDACTED" in b"".join(archives.values())


def test_a_redacted_archive_is_verified_like_any_other(night: Night, gpuledger: Gpuledger) -> None:
    verified = gpuledger("verify", "--home", night.home)
    assert (verified.returncode, "MISMATCH" in verified.stdout) == (0, False), verified.stdout


def test_nothing_that_was_said_paints_a_terminal_or_a_log(night: Night) -> None:
    logs = [body.decode() for name, body in _left_behind(night.home) if name.startswith("logs/")]
    for text in [night.output, *logs]:
        assert OBEYED.search(text) is None
    assert r"\x1b[2J" in night.output
    assert any(r"\x1b[2J" in log for log in logs)


def test_a_check_prints_neither_the_key_nor_its_paint(acme: None, gpuledger: Gpuledger) -> None:
    checked = gpuledger("providers", "check", "acme.broken")
    for text in (checked.stdout, checked.stderr):
        assert OBEYED.search(text) is None
        assert all(key.decode() not in text for key in _spellings())
    assert checked.returncode == 1
    assert r"it says \x1b[2J" in checked.stdout, checked.stderr


def test_a_key_too_short_to_be_told_from_words_is_left_alone() -> None:
    assert Secrets(["1.5"]).struck("a price of 1.5") == "a price of 1.5"
    assert Secrets([]).struck_bytes(b"anything") == b"anything"
    assert Secrets(["longer-than-it"]).struck_bytes(b'{"k": "longer-than-it"}') == b'{"k": "REDACTED"}'
