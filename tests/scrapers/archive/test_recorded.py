from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from scrapers.archive.exchange import ArchiveDamaged, Exchange
from scrapers.archive.recorded import RecordedWeb, Span, add_capture
from scrapers.archive.writer import SEALED, Archive, ArchiveWriter, read_archive
from scrapers.crawl.client import FetchPlan, Job, fetch
from scrapers.registry import Provider, Source, load_provider

SLOT = datetime(2026, 11, 20, 3, tzinfo=UTC)
NIGHT = Span(SLOT, timedelta(days=1))
PAGE = "https://acme.example/prices?gpu=H100&page=1"
POSTED = b'{"limit": 64, "order": "asc"}'


def archived(folder: Path, *exchanges: Exchange) -> RecordedWeb:
    writer = ArchiveWriter(folder / f"any{SEALED}", source="acme.prices", slot=SLOT)
    for exchange in exchanges:
        writer.write(exchange)
    writer.seal()
    return RecordedWeb(folder)


def answer(minutes: int, body: bytes = b"{}", status: int = 200, **asked: Any) -> Exchange:
    return Exchange(
        **{"url": PAGE, "at": SLOT + timedelta(minutes=minutes), "body": body, "status": status, **asked}
    )


def found(web: RecordedWeb, span: Span = NIGHT, *, url: str = PAGE, posted: bytes = b"") -> bytes | None:
    recorded = web.lookup("POST" if posted else "GET", url, posted, span)
    return recorded.exchange().body if recorded else None


def test_an_answer_is_found_with_its_time_and_headers(tmp_path: Path) -> None:
    web = archived(tmp_path, answer(17, b"<p>", headers=[("Content-Type", "text/html"), ("ETag", "1")]))
    recorded = web.lookup("GET", PAGE, b"", NIGHT)
    assert recorded is not None
    exchange = recorded.exchange()
    assert (exchange.at, exchange.status) == (SLOT + timedelta(minutes=17), 200)
    assert ("ETag", "1") in exchange.headers


def test_the_same_request_may_be_spelled_otherwise(tmp_path: Path) -> None:
    web = archived(tmp_path, answer(1, b"get"), answer(2, b"post", method="POST", request_body=POSTED))
    assert found(web, url="https://acme.example/prices?page=1&gpu=H100#all") == b"get"
    assert found(web, posted=b'{"order":"asc","limit":64}') == b"post"
    assert found(web, posted=b'{"limit": 65}') is None


def test_a_request_that_needs_a_key_is_found_by_any_key(tmp_path: Path) -> None:
    web = archived(tmp_path, answer(1, b"listed", url=f"{PAGE}&api_key=one"))
    assert found(web, url=f"{PAGE}&api_key=another") == b"listed"


@pytest.mark.parametrize(
    ("minutes", "belongs"), [(-1, False), (0, True), (24 * 60 - 1, True), (24 * 60, False)]
)
def test_an_answer_belongs_to_the_slot_it_was_recorded_in(
    tmp_path: Path, minutes: int, belongs: bool
) -> None:
    assert (found(archived(tmp_path, answer(minutes))) is not None) == belongs


def test_the_last_good_answer_of_a_slot_counts(tmp_path: Path) -> None:
    web = archived(
        tmp_path,
        answer(1, b"busy", 503),
        answer(2, b"first"),
        answer(3, b"second"),
        answer(4, b"broken", 500),
        answer(5, b"gone", 404, url="https://acme.example/old"),
    )
    assert found(web) == b"second"
    assert found(web, url="https://acme.example/old") == b"gone"


def test_a_source_is_answered_with_its_own_archive_first(tmp_path: Path) -> None:
    for minutes, source in enumerate(("acme.prices", "acme.plans")):
        writer = ArchiveWriter(tmp_path / f"{source}{SEALED}", source=source, slot=SLOT)
        writer.write(answer(minutes, source.encode()))
        writer.seal()
    web = RecordedWeb(tmp_path)
    wanted = ("acme.prices", "acme.plans", "acme.terms")
    found = [web.lookup("GET", PAGE, b"", NIGHT, source) for source in wanted]
    assert [recorded and recorded.exchange().body for recorded in found] == [
        b"acme.prices",
        b"acme.plans",
        b"acme.plans",
    ]


def test_a_slot_is_not_answered_from_the_next_where_the_schedule_moved_to_an_earlier_hour(
    tmp_path: Path,
) -> None:
    """The slot of 03:00 lasts a day, and that of the next day begins at 02:00 already."""
    moved = SLOT + timedelta(hours=23)
    for slot, body in ((SLOT, b"first"), (moved, b"second")):
        writer = ArchiveWriter(tmp_path / f"{slot:%d}{SEALED}", source="acme.prices", slot=slot)
        writer.write(answer(0, body, at=slot + timedelta(minutes=2)))
        if slot == moved:
            writer.write(answer(0, b"new", at=slot + timedelta(minutes=3), url="https://acme.example/new"))
        writer.seal()
    web = RecordedWeb(tmp_path)
    ours = [
        web.lookup("GET", PAGE, b"", Span(slot, timedelta(days=1)), "acme.prices") for slot in (SLOT, moved)
    ]
    assert [recorded and recorded.exchange().body for recorded in ours] == [b"first", b"second"]
    assert web.lookup("GET", "https://acme.example/new", b"", NIGHT, "acme.prices") is None
    assert [recorded.exchange().body for recorded in web.held("acme.prices", NIGHT)] == [b"first"]


def test_an_hour_is_not_answered_from_another_hour(tmp_path: Path) -> None:
    web = archived(tmp_path, answer(10, b"three"), answer(70, b"four"))
    assert [found(web, Span(SLOT + timedelta(hours=hours), timedelta(hours=1))) for hours in range(3)] == [
        b"three",
        b"four",
        None,
    ]


@pytest.mark.parametrize("gzip", [True, False])
def test_archives_of_other_tools_are_read(tmp_path: Path, gzip: bool) -> None:
    """As `warcio record` writes them: the response before its request, without a header of ours."""
    path = tmp_path / "deep" / ("other.warc.gz" if gzip else "other.warc")
    path.parent.mkdir()
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=gzip)
        head = StatusAndHeaders("200 OK", [("Transfer-Encoding", "chunked")], protocol="HTTP/1.1")
        date = {"WARC-Date": "2026-11-20T03:20:00Z"}
        body = b"3\r\n[1]\r\n0\r\n\r\n"
        response = writer.create_warc_record(
            PAGE, "response", BytesIO(body), len(body), http_headers=head, warc_headers_dict=date
        )
        line = StatusAndHeaders("POST /prices HTTP/1.1", [], is_http_request=True)
        request = writer.create_warc_record(PAGE, "request", BytesIO(POSTED), len(POSTED), http_headers=line)
        writer.write_request_response_pair(request, response)
    assert found(RecordedWeb(tmp_path), posted=POSTED) == b"[1]"


def test_unfinished_and_other_files_are_no_part_of_the_web(tmp_path: Path) -> None:
    writer = ArchiveWriter(tmp_path / f"killed{SEALED}", source="acme.prices", slot=SLOT)
    writer.write(answer(1))
    (tmp_path / "notes.txt").write_text("no WARC")
    assert found(RecordedWeb(tmp_path)) is None
    writer.seal()


def test_a_file_that_is_no_warc_is_an_error(tmp_path: Path) -> None:
    (tmp_path / f"wrong{SEALED}").write_text("no WARC")
    with pytest.raises(ArchiveDamaged, match="wrong"):
        RecordedWeb(tmp_path)


@pytest.fixture
def provider(declare: Callable[..., Path], tmp_path: Path) -> Provider:
    asks = ['url = "https://acme.example/search"\nlabel = "first"\njson = { cursor = 1 }']
    page = ['url = "https://acme.example/page"\nwait_for = ".price"']
    sources = {"paged": ("json_api", 60, asks), "rendered": ("rendered_page", 60, page)}
    return load_provider(declare(tmp_path / "providers", sources) / "loopback")


def add(folder: Path, source: Source, body: bytes, **more: Any) -> Path:
    settings = {"url": "https://acme.example/search", "at": SLOT, "media_type": None, "asked": None, **more}
    return add_capture(folder, source, body=body, **settings)


@pytest.mark.parametrize(
    ("url", "body", "media_type"),
    [
        ("https://acme.example/search", b' {"offers": []}', "application/json"),
        ("https://acme.example/", b"<!doctype html>", "text/html"),
        ("https://acme.example/prices.md", b"# Prices", "text/markdown"),
        ("https://acme.example/prices", b"\x00\x01", "application/octet-stream"),
    ],
)
def test_the_type_of_a_capture_saved_by_hand_is_guessed(
    provider: Provider, tmp_path: Path, url: str, body: bytes, media_type: str
) -> None:
    add(tmp_path / "web", provider.sources["paged"], body, url=url)
    recorded = RecordedWeb(tmp_path / "web").lookup("GET", url, b"", NIGHT)
    assert recorded is not None
    assert recorded.exchange().headers == [("Content-Type", media_type)]


def test_captures_saved_by_hand_stand_beside_each_other(provider: Provider, tmp_path: Path) -> None:
    paths = {add(tmp_path / "web", provider.sources["paged"], b"{}") for _ in range(2)}
    assert len(paths) == 2
    assert {path.parent.name for path in paths} == {"2026-11-20"}


def replayed(provider: Provider, tmp_path: Path, *, partial: bool) -> dict[str, Archive]:
    plan = FetchPlan(
        home=tmp_path / "home",
        run_id=f"recorded-{partial:08d}",
        jobs=tuple(Job(source.id, SLOT) for source in provider.sources.values()),
        recorded=tmp_path / "web",
        partial=partial,
        providers=tmp_path / "providers",
    )
    paths = asyncio.run(fetch(plan, lambda job, path: None))
    return {job.source: read_archive(path, plan.home) for job, path in paths.items()}


def test_what_the_archive_lacks_is_an_error_unless_it_is_said_to_be_partial(
    provider: Provider, tmp_path: Path
) -> None:
    paged = provider.sources["paged"]
    asked = [{"cursor": 1}, {"cursor": 7}, {"cursor": 8}]
    for cursor, slot in zip(asked, (SLOT, SLOT, SLOT - timedelta(days=1)), strict=True):
        body = json.dumps({"offers": [], "next": 2}).encode()
        add(tmp_path / "web", paged, body, asked=cursor, at=slot + timedelta(minutes=5))
    whole = replayed(provider, tmp_path, partial=False)["loopback.paged"]
    assert whole.outcome.errors == ("https://acme.example/search: not in the archive",)
    assert [capture.asked for capture in whole.answers] == [{"cursor": 1}]
    parts = replayed(provider, tmp_path, partial=True)
    assert parts["loopback.paged"].outcome.ok
    assert [(c.asked, c.label) for c in parts["loopback.paged"].answers] == [
        ({"cursor": 1}, "first"),
        ({"cursor": 7}, ""),
    ]
    assert {capture.fetched_at for capture in parts["loopback.paged"].captures} == {
        SLOT + timedelta(minutes=5)
    }
    assert parts["loopback.paged"].outcome.robots == "absent"
    (error,) = parts["loopback.rendered"].outcome.errors
    assert error.startswith("https://acme.example/page: no Chromium was found; ")


def test_a_job_that_cannot_be_archived_is_absent_and_the_log_is_named(
    provider: Provider, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "raw").write_text("a file where the archive's folder should be")
    assert replayed(provider, tmp_path, partial=False) == {}
    (message,) = caplog.messages
    log = message.rpartition(" ")[2]
    assert message.startswith("the crawl ended with code 0 after 0 of 2 jobs")
    assert "loopback.paged" in Path(log).read_text(encoding="utf-8")
