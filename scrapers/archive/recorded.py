"""The recorded web: archives that replace the network.

Every WARC file below a folder counts, this project's own and those of any other tool. An answer belongs
to a slot when it was recorded while the slot lasted; it is never carried over into another one.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from w3lib.url import canonicalize_url
from warcio.recordloader import ArcWarcRecord

from scrapers.archive.exchange import PREFIX, ArchiveDamaged, Exchange, without_coding
from scrapers.archive.http_coding import BodyBroken
from scrapers.archive.redaction import redacted_url
from scrapers.archive.warc import body_of, records
from scrapers.archive.writer import SEALED, ArchiveWriter, job_of
from scrapers.page.capture import Role
from scrapers.registry import Source
from scrapers.slots import LENGTH, NIGHTLY_HOUR, slot_of

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Span:
    """The time that a slot lasts for, its end excluded. After a move the next may begin earlier."""

    start: datetime
    length: timedelta

    @classmethod
    def of(cls, source: Source, slot: datetime) -> Span:
        """The span of a source's slot."""
        return cls(slot, LENGTH[source.declared.cadence])

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.start + self.length


@dataclass(frozen=True)
class Recorded:
    """Where an answer was recorded, and what was asked for it; its body stays on disk."""

    path: Path
    offset: int
    url: str
    at: datetime
    status: int
    source: str | None
    role: Role
    slot: datetime | None = None
    location: str = ""
    method: str = "GET"
    request_headers: tuple[tuple[str, str], ...] = ()
    request_body: bytes = b""

    @property
    def key(self) -> Key:
        """What it is found by."""
        return request_key(self.method, self.url, self.request_body)

    def belongs(self, span: Span, source: str | None) -> bool:
        """Whether it was recorded in a span, and not for a later day's slot of `source` itself."""
        later = self.slot is not None and self.slot.date() > span.start.date()
        return self.at in span and not (later and self.source == source)

    def exchange(self) -> Exchange:
        """The answer with its content encoding undone.

        Raises BodyTooLarge, and BodyBroken for an answer that was not whole when it was recorded.
        """
        with closing(records(self.path, self.offset)) as opened:
            record, _ = next(opened)
            try:
                body = body_of(record)
            except BodyBroken as problem:
                raise BodyBroken(f"{problem}; {self.path.name} holds it so") from problem
            return Exchange(
                url=self.url,
                at=self.at,
                body=body,
                headers=without_coding(record.http_headers.headers),
                status=self.status,
                method=self.method,
                request_headers=self.request_headers,
                request_body=self.request_body,
                role=self.role,
            )


class RecordedWeb:
    """The answers recorded below a folder, found by request and time; raises ArchiveDamaged."""

    def __init__(self, folder: Path) -> None:
        self._by_key: dict[Key, list[Recorded]] = defaultdict(list)
        for path in sorted(folder.rglob("*.warc*")):
            if path.name.endswith((SEALED, ".warc")):
                for found in _answers_in(path):
                    self._by_key[found.key].append(found)

    def lookup(
        self, method: str, url: str, body: bytes, span: Span, source: str | None = None
    ) -> Recorded | None:
        """The last answer to a request within a span; an error only where there was nothing better.

        What was archived for `source` itself comes before what another source was answered.
        """
        answers = self._by_key.get(request_key(method, url, body), ())
        found = [answer for answer in answers if answer.belongs(span, source)]
        own = [answer for answer in found if answer.source == source] or found
        good = [answer for answer in own if answer.status < HTTPStatus.BAD_REQUEST] or own
        return max(good, key=lambda answer: answer.at, default=None)

    def held(self, source: str, span: Span) -> list[Recorded]:
        """The answers that were archived for a source within a span, whatever asked for them."""
        return [
            answer
            for answers in self._by_key.values()
            for answer in answers
            if answer.source == source and answer.role == "response" and answer.belongs(span, source)
        ]


def recorded_slots(folder: Path) -> dict[str, set[datetime]]:
    """The slots of each source that this project archived below a folder, by the names of the files."""
    slots: dict[str, set[datetime]] = defaultdict(set)
    for path in folder.rglob(f"*{SEALED}"):
        if job := job_of(path):
            slots[job[0]].add(job[1])
    return slots


def request_key(method: str, url: str, body: bytes) -> Key:
    """What makes two requests the same: method, address and body, credentials and spelling aside."""
    return method, canonicalize_url(redacted_url(url)), _body_key(body)


def add_capture(
    folder: Path,
    source: Source,
    *,
    url: str,
    at: datetime,
    body: bytes,
    media_type: str | None,
    asked: Mapping[str, Any] | None,
    status: int = 200,
    keys: Iterable[str] = (),
    nightly_hour: int = NIGHTLY_HOUR,
) -> Path:
    """Archive an answer that was saved by hand, in a file of its own; returns its path.

    The media type is guessed from the address or the first byte where it is None. `keys` are struck out.
    """
    slot = slot_of(source.declared.cadence, at, nightly_hour)
    name = f"{source.id}.{slot:%H%M}.{secrets.token_hex(4)}{SEALED}"
    path = folder / f"{slot:%Y-%m-%d}" / name
    writer = ArchiveWriter(path, source=source.id, slot=slot, secrets=keys)
    json_type = [("Content-Type", "application/json")]
    writer.write(
        Exchange(
            url=url,
            at=at,
            body=body,
            headers=[("Content-Type", media_type or _guessed_type(url, body))],
            status=status,
            method="GET" if asked is None else "POST",
            request_headers=[] if asked is None else json_type,
            request_body=b"" if asked is None else json.dumps(asked).encode(),
        )
    )
    return writer.seal()


def _answers_in(path: Path) -> Iterator[Recorded]:
    """A file's responses, each with its request, which may stand before or after it."""
    requests: dict[str, ArcWarcRecord] = {}
    bodies: dict[str, bytes] = {}
    responses: list[tuple[ArcWarcRecord, int]] = []
    for record, offset in records(path):
        identity = record.rec_headers.get_header("WARC-Record-ID")
        if record.rec_type == "request" and record.http_headers:
            for name in (identity, record.rec_headers.get_header("WARC-Concurrent-To")):
                requests[name] = record
            bodies[identity] = body_of(record)
        elif record.rec_type == "response" and record.http_headers:
            responses.append((record, offset))
    for record, offset in responses:
        try:
            yield _recorded(path, record, offset, requests, bodies)
        except (LookupError, TypeError, ValueError) as problem:
            reason = f"{path} has a record at offset {offset} whose head cannot be read ({problem})"
            raise ArchiveDamaged(f"{reason}; copy the file again, or move it away") from problem


def _recorded(
    path: Path,
    record: ArcWarcRecord,
    offset: int,
    requests: Mapping[str, ArcWarcRecord],
    bodies: Mapping[str, bytes],
) -> Recorded:
    headers = record.rec_headers
    names = (headers.get_header("WARC-Record-ID"), headers.get_header("WARC-Concurrent-To"))
    request = next((requests[name] for name in names if name in requests), None)
    asked: dict[str, Any] = {}
    if request is not None:
        asked["method"] = request.http_headers.protocol
        asked["request_headers"] = tuple(request.http_headers.headers)
        asked["request_body"] = bodies[request.rec_headers.get_header("WARC-Record-ID")]
    url = headers.get_header("WARC-Target-URI")
    location = record.http_headers.get_header("Location")
    slot = headers.get_header(f"{PREFIX}Slot")
    return Recorded(
        path=path,
        offset=offset,
        url=url,
        location=urljoin(url, location) if location else "",
        at=datetime.fromisoformat(headers.get_header("WARC-Date")),
        status=int(record.http_headers.get_statuscode()),
        source=headers.get_header(f"{PREFIX}Source"),
        role=headers.get_header(f"{PREFIX}Role") or "response",
        slot=datetime.fromisoformat(slot) if slot else None,
        **asked,
    )


def _body_key(body: bytes) -> str:
    if not body:
        return ""
    try:
        return json.dumps(json.loads(body), sort_keys=True)
    except ValueError:
        return hashlib.sha256(body).hexdigest()


def _guessed_type(url: str, body: bytes) -> str:
    guessed, _ = mimetypes.guess_type(urlsplit(url).path)
    by_first_byte = {b"{": "application/json", b"[": "application/json", b"<": "text/html"}
    return guessed or by_first_byte.get(body.lstrip()[:1], "application/octet-stream")
