from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.cli import main as warcio

from scrapers.archive import exchange as exchanges
from scrapers.archive.exchange import ArchiveDamaged, BodyTooLarge, Exchange
from scrapers.archive.writer import Archive, ArchiveWriter, FetchOutcome, archive_path, read_archive

SLOT = datetime(2026, 11, 20, 3, tzinfo=UTC)
AT = SLOT + timedelta(minutes=17, microseconds=250)
OUTCOME = FetchOutcome(
    "acme.prices", SLOT, AT, AT, ok=False, errors=("http://acme.example/: HTTP 503",), robots="absent"
)
PAGE = Exchange(
    "https://acme.example/prices?token=s3cret&page=2",
    AT,
    gzip.compress(b"<p>1.10</p>", mtime=0),
    headers=[
        ("Content-Type", "text/HTML; charset=utf-8"),
        ("Content-Encoding", "gzip"),
        ("Transfer-Encoding", "chunked"),
        ("Set-Cookie", "session=s3cret"),
        ("Location", "https://acme.example/next?access_token=s3cret"),
    ],
    request_headers=[("X-Api-Key", "s3cret"), ("Cookie", "s3cret"), ("Accept", "text/html")],
    label="prices of\nto-day",
)
POST = Exchange(
    "https://acme.example/search", AT, b"[]", method="POST", request_body=b'{"cursor": 2}', role="response"
)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[ArchiveWriter]:
    path = archive_path(tmp_path, "acme.prices", SLOT, "20261120T031700Z-5f2a91c4")
    writer = ArchiveWriter(path, source="acme.prices", slot=SLOT)
    yield writer
    if not writer.sealed:
        writer.seal()


def read(writer: ArchiveWriter, tmp_path: Path) -> Archive:
    return read_archive(writer.seal(OUTCOME), tmp_path)


def test_what_was_written_is_read_back(writer: ArchiveWriter, tmp_path: Path) -> None:
    written = [writer.write(PAGE), writer.write(POST)]
    written.append(writer.write_rendered(written[0], "https://acme.example/prices#all", "<p>€ 1.10</p>"))
    archive = read(writer, tmp_path)
    file = "raw/2026-11-20/acme.prices.0300.5f2a91c4.warc.gz"
    assert archive.outcome == OUTCOME
    assert archive.captures == [replace(capture, warc_file=file) for capture in written]


def test_a_capture_is_the_decoded_answer_with_what_was_asked(writer: ArchiveWriter, tmp_path: Path) -> None:
    page, posted = writer.write(PAGE), writer.write(POST)
    assert (page.body, page.media_type, page.fetched_at) == (b"<p>1.10</p>", "text/html", AT)
    assert (page.label, page.asked) == ("prices of to-day", None)
    assert (posted.asked, posted.role) == ({"cursor": 2}, "response")


def test_a_rendered_page_bears_the_time_of_the_page_it_was_made_of(writer: ArchiveWriter) -> None:
    served = writer.write(PAGE)
    rendered = writer.write_rendered(served, served.url, "<p>2.20</p>")
    assert (rendered.role, rendered.fetched_at, rendered.label) == ("rendered", AT, served.label)
    assert rendered.capture_id != served.capture_id


def test_an_offset_leads_straight_to_the_record(writer: ArchiveWriter, tmp_path: Path) -> None:
    writer.write(PAGE)
    writer.write(POST)
    captures = read(writer, tmp_path).captures
    assert len(captures) == 2
    for capture in captures:
        with (tmp_path / capture.warc_file).open("rb") as file:
            file.seek(capture.warc_offset)
            record = next(ArchiveIterator(file))
            assert record.rec_headers.get_header("Gpuledger-Capture") == f"sha256:{capture.capture_id}"
            assert record.content_stream().read() == capture.body


def test_any_warc_tool_can_check_the_file(
    writer: ArchiveWriter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    writer.write_rendered(writer.write(PAGE), PAGE.url, "<p>2.20</p>")
    writer.write(replace(POST, status=599, body=b""))
    with pytest.raises(SystemExit) as ended:
        warcio(["check", "-v", str(writer.seal(OUTCOME))])
    assert ended.value.code in {0, None}
    assert "digest pass" in capsys.readouterr().out


def test_no_secret_is_written(writer: ArchiveWriter) -> None:
    writer.write(PAGE)
    text = gzip.decompress(writer.seal(OUTCOME).read_bytes())
    assert b"s3cret" not in text
    assert b"/prices?token=REDACTED&page=2" in text
    assert b"Accept: text/html" in text


def test_an_archive_is_complete_or_marked_unfinished(writer: ArchiveWriter) -> None:
    writer.write(PAGE)
    assert not writer.path.exists()
    (unfinished,) = writer.path.parent.iterdir()
    assert unfinished.name.endswith(".warc.gz.part")
    assert writer.seal(OUTCOME) == writer.path
    assert list(writer.path.parent.iterdir()) == [writer.path]


def test_an_archive_is_never_written_twice(writer: ArchiveWriter) -> None:
    with pytest.raises(FileExistsError):
        ArchiveWriter(writer.path, source="acme.prices", slot=SLOT)
    writer.seal(OUTCOME)
    with pytest.raises(FileExistsError):
        ArchiveWriter(writer.path, source="acme.prices", slot=SLOT)


def test_answers_are_the_good_ones_the_last_of_those_repeated(writer: ArchiveWriter, tmp_path: Path) -> None:
    for exchange in (
        replace(PAGE, url="https://acme.example/robots.txt", role="robots"),
        replace(PAGE, url="https://acme.example/old", status=301),
        replace(POST, status=503),
        replace(POST, body=b"[1]"),
        replace(POST, request_body=b'{"cursor": 3}'),
        replace(POST, body=b"[2]"),
        replace(PAGE, url="https://acme.example/style.css", role="resource"),
    ):
        writer.write(exchange)
    archive = read(writer, tmp_path)
    assert [(capture.asked, capture.body) for capture in archive.answers] == [
        ({"cursor": 2}, b"[2]"),
        ({"cursor": 3}, b"[]"),
    ]
    assert len(archive.captures) == 7


def test_a_body_that_unpacks_to_too_much_is_refused(
    writer: ArchiveWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchanges, "MAX_BODY", 1 << 20)
    with pytest.raises(BodyTooLarge, match="larger than 1 MiB"):
        writer.write(replace(PAGE, body=gzip.compress(bytes(2 << 20))))


def test_a_file_without_an_outcome_is_no_job_file(writer: ArchiveWriter, tmp_path: Path) -> None:
    writer.write(PAGE)
    with pytest.raises(ArchiveDamaged, match="no outcome"):
        read_archive(writer.seal(), tmp_path)


def test_a_file_that_breaks_off_is_refused(writer: ArchiveWriter, tmp_path: Path) -> None:
    writer.write(POST)
    path = writer.seal(OUTCOME)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ArchiveDamaged):
        read_archive(path, tmp_path)


def test_other_bytes_than_those_archived_are_refused(writer: ArchiveWriter, tmp_path: Path) -> None:
    offset = writer.write(POST).warc_offset
    path = writer.seal(OUTCOME)
    before, after = path.read_bytes()[:offset], path.read_bytes()[offset:]
    response, separator, outcome = gzip.decompress(after).rpartition(b"WARC/1.1")
    forged = response.replace(b"\r\n\r\n[]", b"\r\n\r\n[9")
    path.write_bytes(before + gzip.compress(forged) + gzip.compress(separator + outcome))
    with pytest.raises(ArchiveDamaged, match=f"the bytes at offset {offset} are not those archived"):
        read_archive(path, tmp_path)
