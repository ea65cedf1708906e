"""HTTP exchanges as WARC records: requests, responses and their headers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlsplit

from warcio.statusandheaders import StatusAndHeaders

from scrapers.archive.redaction import redacted_headers, redacted_url
from scrapers.page.capture import Role
from warehouse.errors import GpuledgerError

PREFIX: Final = "Gpuledger-"
MAX_BODY: Final = 128 * 1024 * 1024
"""Bytes that a body may have, packed or unpacked; what is larger is not a price list."""

# They describe a transfer that is over: chunks are put together, and the length is written anew.
_TRANSFER: Final = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive"})
_CODING: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})

_CHARSET: Final = re.compile(r"(?i)\bcharset\s*=\s*[\"']?([\w.:-]+)")
# RFC 6838, 4.2.
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_UNSENT: Final = re.compile(r"[^!-~]+")

Headers = Sequence[tuple[str, str]]


class ArchiveDamaged(GpuledgerError):
    """An archive cannot be read, or holds other bytes than were archived."""


class BodyTooLarge(ValueError):
    """A body unpacks to more than MAX_BODY."""


@dataclass(frozen=True)
class Exchange:
    """One request and its answer as they crossed the wire, the content encoding of the bodies included."""

    url: str
    at: datetime
    body: bytes
    headers: Headers = ()
    status: int = 200
    method: str = "GET"
    request_headers: Headers = ()
    request_body: bytes = b""
    role: Role = "response"
    label: str = ""


def too_large() -> str:
    """What is said of a body with more than MAX_BODY bytes."""
    return f"the answer is larger than {MAX_BODY >> 20} MiB"


def without_coding(headers: Headers) -> list[tuple[str, str]]:
    """The headers of a body whose encoding has been undone."""
    return [pair for pair in headers if pair[0].lower() not in _CODING]


def as_sent(url: str) -> str:
    """The address in the letters that it is sent in: ASCII without white space and controls.

    Anything else would end a line of a record's head, or be changed by who writes it.
    """
    return _UNSENT.sub(lambda found: quote(found[0]), url)


def is_success(status: int) -> bool:
    """Whether a status says that the whole answer follows: 200, and no other 2xx.

    206 is a part, 202 is not the answer yet, 203 was changed on its way, and 204 and 205 have no body.
    """
    return status == HTTPStatus.OK


def is_redirect(status: int) -> bool:
    """Whether a status is 3xx."""
    return HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST


def media_type_of(content_type: str | None) -> str:
    """The media type of a Content-Type header, without its parameters; empty where none was sent."""
    named = (content_type or "").partition(";")[0].strip().lower()
    return named if _MEDIA_TYPE.fullmatch(named) else ""


def charset_of(content_type: str | None) -> str:
    """The charset that a Content-Type header names, empty where it names none."""
    found = _CHARSET.search(content_type or "")
    return found[1].lower() if found else ""


def warc_date(moment: datetime) -> str:
    """A moment as WARC writes it: 2026-11-20T03:17:00Z, microseconds where there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def response_head(exchange: Exchange) -> StatusAndHeaders:
    """The status line and headers of an answer, redacted."""
    try:
        status = f"{exchange.status} {HTTPStatus(exchange.status).phrase}"
    except ValueError:
        status = f"{exchange.status} Unknown"
    headers = [pair for pair in redacted_headers(exchange.headers) if pair[0].lower() not in _TRANSFER]
    return StatusAndHeaders(
        status, [*headers, ("Content-Length", str(len(exchange.body)))], protocol="HTTP/1.1"
    )


def request_head(exchange: Exchange) -> StatusAndHeaders:
    """The request line and headers, redacted."""
    parts = urlsplit(redacted_url(exchange.url))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = [pair for pair in redacted_headers(exchange.request_headers) if pair[0].lower() != "host"]
    line = f"{exchange.method} {target} HTTP/1.1"
    return StatusAndHeaders(line, [("Host", parts.netloc), *headers], is_http_request=True)
