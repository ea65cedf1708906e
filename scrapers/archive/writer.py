"""The WARC writer: captures are written before they are parsed and never changed.

One file holds one job (a source and a slot): every request and response as they crossed the wire, what a
browser made of a page, and a closing `metadata` record with the job's Outcome as JSON. Facts of this
project stand in WARC headers that begin with Gpuledger-, so that the file explains itself and any WARC
tool can read it. Credentials are redacted on the way in; a body that echoed one bears Gpuledger-Redacted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from scrapers.archive.exchange import (
    PREFIX,
    ArchiveDamaged,
    Exchange,
    as_sent,
    charset_of,
    is_success,
    media_type_of,
    request_head,
    response_head,
    warc_date,
    without_coding,
)
from scrapers.archive.redaction import Secrets, redacted_url
from scrapers.archive.warc import body_of, records
from scrapers.page import Capture
from warehouse.atomic import put, sync

SEALED: Final = ".warc.gz"
UNSEALED: Final = ".part"
_PARTS_OF_A_NAME: Final = 3

Finding = tuple[str, str, str]
"""What a crawl noticed: its kind, one of the column findings.kind, its subject, and a detail."""


@dataclass(frozen=True)
class FetchOutcome:
    """How a job ended.

    `ok` means that every request the source wanted was answered with 2xx; `errors` has one sentence for
    each that was not; `truncated` names the requests that time ran out for. `robots` is allowed,
    disallowed, absent or unreachable, and None where no robots.txt was asked for. `findings` are what the
    crawl noticed and that is not an error, each as (kind, subject, detail); older archives have none.
    """

    source: str
    slot: datetime
    started_at: datetime
    finished_at: datetime
    ok: bool
    errors: tuple[str, ...] = ()
    robots: str | None = None
    truncated: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Archive:
    """What one sealed file holds: the outcome, and every capture in the order archived."""

    outcome: FetchOutcome
    captures: list[Capture]

    @property
    def answers(self) -> list[Capture]:
        """What a page may read: the 2xx answers in the order asked, the last where one was repeated."""
        answers: dict[tuple[str, str, str], Capture] = {}
        for capture in self.captures:
            if capture.role in {"response", "rendered"} and is_success(capture.http_status):
                asked = json.dumps(capture.asked, sort_keys=True)
                answers[capture.role, capture.url, asked] = capture
        return list(answers.values())


class ArchiveWriter:
    """Writes NAME.warc.gz.part, which sealing renames; one that stays unsealed marks a killed run.

    `secrets` are struck out wherever they are met: the values of the installation's keys.
    """

    def __init__(self, path: Path, *, source: str, slot: datetime, secrets: Iterable[str] = ()) -> None:
        self.path = path
        self._source = source
        self._facts = {"Source": source, "Slot": warc_date(slot)}
        if path.exists():
            raise FileExistsError(f"{path} is sealed, and an archive is never written twice")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._part = path.with_name(path.name + UNSEALED)
        self._file = self._part.open("xb")
        self._warc = WARCWriter(self._file, gzip=True, warc_version="1.1")
        self._ids: dict[int, str] = {}
        self._secrets = Secrets(secrets)
        about = {"software": "gpuledger", "format": "WARC File Format 1.1", "isPartOf": source}
        self._warc.write_record(self._warc.create_warcinfo_record(path.name, about))

    @property
    def sealed(self) -> bool:
        """Whether the file is finished, and nothing can be added to it."""
        return self._file.closed

    def write(self, exchange: Exchange) -> Capture:
        """Archive an exchange; returns the capture that a reader of the file will find.

        Raises BodyTooLarge when the body unpacks to too much and BodyBroken when it is not whole; nothing is
        archived then.
        """
        exchange = self._struck(exchange)
        date = {"WARC-Date": warc_date(exchange.at)}
        url = redacted_url(exchange.url)
        response = self._record("response", url, exchange.body, date, response_head(exchange))
        body = body_of(response)
        response.raw_stream.seek(0)
        if (redacted := self._secrets.struck_bytes(body)) != body:
            exchange = replace(exchange, body=redacted, headers=without_coding(exchange.headers))
            response = self._record("response", url, redacted, date, response_head(exchange))
            response.rec_headers.add_header(f"{PREFIX}Redacted", "body")
        capture = Capture(
            source=self._source,
            url=url,
            fetched_at=exchange.at,
            http_status=exchange.status,
            media_type=media_type_of(response.http_headers.get_header("Content-Type")),
            body=redacted,
            role=exchange.role,
            label=" ".join(exchange.label.split()),
            asked=_asked(exchange.request_body),
            charset=charset_of(response.http_headers.get_header("Content-Type")),
        )
        date["WARC-Concurrent-To"] = response.rec_headers.get_header("WARC-Record-ID")
        request = self._record("request", url, exchange.request_body, date, request_head(exchange))
        self._warc.write_record(request)
        return self._place(capture, response)

    def write_rendered(self, page: Capture, url: str, document: str) -> Capture:
        """Archive what a browser made of `page`; it bears the time at which the page was served."""
        body = self._secrets.struck(document).encode()
        headers = {
            "WARC-Date": warc_date(page.fetched_at),
            "WARC-Refers-To": self._ids[page.warc_offset],
            "Content-Type": "text/html",
        }
        url = redacted_url(as_sent(self._secrets.struck(url)))
        record = self._record("conversion", url, body, headers)
        capture = replace(page, url=url, body=body, media_type="text/html", role="rendered", charset="")
        return self._place(capture, record)

    def seal(self, outcome: FetchOutcome | None = None) -> Path:
        """Close the file for good, with the outcome as its last record, and give it its name."""
        if outcome is not None:
            body = self._secrets.struck(json.dumps(asdict(outcome), default=warc_date)).encode()
            headers = {f"{PREFIX}{name}": value for name, value in self._facts.items()}
            headers["Content-Type"] = "application/json"
            target = f"urn:gpuledger:outcome:{outcome.source}"
            self._warc.write_record(self._record("metadata", target, body, headers))
        self._file.close()
        put(self._part, self.path)
        # The folder of a new day must be on disk as well.
        sync(self.path.parent.parent)
        return self.path

    def _struck(self, exchange: Exchange) -> Exchange:
        """The exchange without credentials in all but the answer's body, which must be unpacked first."""
        return replace(
            exchange,
            url=as_sent(self._secrets.struck(exchange.url)),
            headers=self._secrets.struck_headers(exchange.headers),
            request_headers=self._secrets.struck_headers(exchange.request_headers),
            request_body=self._secrets.struck_bytes(exchange.request_body),
            label=self._secrets.struck(exchange.label),
        )

    def _record(
        self, kind: str, url: str, body: bytes, headers: dict[str, str], http: StatusAndHeaders | None = None
    ) -> ArcWarcRecord:
        return self._warc.create_warc_record(
            url, kind, payload=BytesIO(body), length=len(body), http_headers=http, warc_headers_dict=headers
        )

    def _place(self, capture: Capture, record: ArcWarcRecord) -> Capture:
        facts = {"Role": capture.role, "Label": capture.label, "Capture": f"sha256:{capture.capture_id}"}
        for name, value in {**self._facts, **facts}.items():
            if value:
                record.rec_headers.add_header(f"{PREFIX}{name}", value)
        offset = self._file.tell()
        self._warc.write_record(record)
        self._ids[offset] = record.rec_headers.get_header("WARC-Record-ID")
        return replace(capture, warc_offset=offset)


def archive_path(home: Path, source: str, slot: datetime, run_id: str) -> Path:
    """Where a run archives a job below a data folder; the end of a run id is what is random about it."""
    return home / "raw" / f"{slot:%Y-%m-%d}" / f"{source}.{slot:%H%M}.{run_id[-8:]}{SEALED}"


def job_of(path: Path) -> tuple[str, datetime] | None:
    """The source and slot in the path of a job file, as `archive_path` gives it; None for any other file."""
    parts = path.name.removesuffix(SEALED).rsplit(".", 2)
    if not path.name.endswith(SEALED) or len(parts) != _PARTS_OF_A_NAME:
        return None
    source, hour, _ = parts
    try:
        return source, datetime.strptime(f"{path.parent.name} {hour} +0000", "%Y-%m-%d %H%M %z")
    except ValueError:
        return None


def read_archive(path: Path, home: Path) -> Archive:
    """Read a sealed job file; the captures' `warc_file` is relative to `home`.

    Raises ArchiveDamaged for a file that cannot be read, has no outcome, or holds other bytes than were
    archived.
    """
    file = str(path.relative_to(home))
    outcome: FetchOutcome | None = None
    captures: list[Capture] = []
    asked: dict[str, Mapping[str, Any] | None] = {}
    for record, offset in records(path):
        headers = record.rec_headers
        try:
            if record.rec_type == "metadata":
                outcome = _outcome(path, body_of(record))
            elif record.rec_type == "request":
                asked[headers.get_header("WARC-Concurrent-To")] = _asked(body_of(record))
            elif headers.get_header(f"{PREFIX}Capture"):
                capture = _capture(record, asked.get(headers.get_header("WARC-Record-ID")))
                if headers.get_header(f"{PREFIX}Capture") != f"sha256:{capture.capture_id}":
                    raise ArchiveDamaged(f"{path}: the bytes at offset {offset} are not those archived")
                captures.append(replace(capture, warc_file=file, warc_offset=offset))
        except ArchiveDamaged:
            raise
        except (LookupError, TypeError, ValueError) as problem:
            raise ArchiveDamaged(
                f"{path}: the record at offset {offset} cannot be read: {problem}"
            ) from problem
    if outcome is None:
        raise ArchiveDamaged(f"{path} has no outcome, so it is not a sealed job file")
    return Archive(outcome, captures)


def _asked(body: bytes) -> Mapping[str, Any] | None:
    """The JSON object that was posted, None where the body is something else."""
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _capture(record: ArcWarcRecord, asked: Mapping[str, Any] | None) -> Capture:
    headers, http = record.rec_headers, record.http_headers
    # A conversion has no HTTP head of its own: it was made of a page that was answered with 2xx.
    content_type = (http or headers).get_header("Content-Type")
    return Capture(
        source=headers.get_header(f"{PREFIX}Source"),
        url=headers.get_header("WARC-Target-URI"),
        fetched_at=datetime.fromisoformat(headers.get_header("WARC-Date")),
        http_status=int(http.get_statuscode()) if http else HTTPStatus.OK,
        media_type=media_type_of(content_type),
        body=body_of(record),
        role=headers.get_header(f"{PREFIX}Role"),
        label=headers.get_header(f"{PREFIX}Label") or "",
        asked=asked,
        charset=charset_of(content_type),
    )


def _outcome(path: Path, body: bytes) -> FetchOutcome:
    try:
        return TypeAdapter(FetchOutcome).validate_json(body)
    except ValidationError as problem:
        raise ArchiveDamaged(f"{path} has an outcome that cannot be read: {problem}") from problem
