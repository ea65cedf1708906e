"""A damaged archive is blamed itself, wherever it was cut and whatever was flipped in it."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from scrapers.archive.exchange import ArchiveDamaged, Exchange
from scrapers.archive.http_coding import BodyBroken
from scrapers.archive.recorded import RecordedWeb, Span
from scrapers.archive.writer import ArchiveWriter, FetchOutcome, read_archive

SLOT = datetime(2026, 11, 20, 3, tzinfo=UTC)
URL = "https://acme.example/prices"
NIGHT = Span(SLOT, timedelta(days=1))

CUT = gzip.compress(b"prices", mtime=0)[:-3]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    writer = ArchiveWriter(tmp_path / "raw" / "a.warc.gz", source="acme.prices", slot=SLOT)
    writer.write(Exchange(URL, SLOT, b'{"offers": [2.5]}', [("Content-Type", "application/json")]))
    return writer.seal(FetchOutcome("acme.prices", SLOT, SLOT, SLOT, ok=True))


def test_an_archive_cut_anywhere_is_named(archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    for end in range(0, len(whole), 3):
        archive.write_bytes(whole[:end])
        with pytest.raises(ArchiveDamaged, match=r"a\.warc\.gz"):
            read_archive(archive, tmp_path)
    archive.write_bytes(whole[:-60])
    with pytest.raises(ArchiveDamaged, match=r"was cut short.*copy the file again"):
        RecordedWeb(archive.parent)


def test_a_flipped_bit_never_changes_what_is_read(archive: Path, tmp_path: Path) -> None:
    whole, meant = archive.read_bytes(), read_archive(archive, tmp_path)
    assert len(meant.captures) == 1
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        archive.write_bytes(damaged)
        try:
            assert read_archive(archive, tmp_path) == meant
        except ArchiveDamaged as problem:
            assert "a.warc.gz" in str(problem)


def test_an_archive_that_is_not_packed_is_held_against_its_digests(archive: Path, tmp_path: Path) -> None:
    plain = gzip.decompress(archive.read_bytes())
    archive.unlink()
    path = archive.with_name("b.warc")
    path.write_bytes(plain)
    assert read_archive(path, tmp_path).captures[0].body == b'{"offers": [2.5]}'
    path.write_bytes(plain.replace(b"[2.5]", b"[9.5]"))
    with pytest.raises(ArchiveDamaged, match="not those archived"):
        RecordedWeb(path.parent)
    path.write_bytes(plain[: plain.index(b"[2.5]")])
    with pytest.raises(ArchiveDamaged, match="was cut short"):
        RecordedWeb(path.parent)


@pytest.mark.parametrize(
    ("headers", "body", "said"),
    [
        (
            [("Content-Encoding", "gzip")],
            gzip.compress(b"prices", mtime=0)[:-3],
            "before the end of its gzip",
        ),
        ([("Content-Encoding", "br")], b"\x0b\x02\x80prices\x03", "'br', which was not asked for"),
        ([("Transfer-Encoding", "chunked")], b"6\r\nprices\r\n", "before its last chunk"),
        ([("Content-Length", "99")], b"prices", "after 6 of 99 bytes"),
    ],
)
def test_an_answer_that_another_tool_recorded_in_part_is_not_an_answer(
    tmp_path: Path, headers: list[tuple[str, str]], body: bytes, said: str
) -> None:
    with (tmp_path / "other.warc.gz").open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        head = StatusAndHeaders("200 OK", headers, protocol="HTTP/1.1")
        dated = {"WARC-Date": "2026-11-20T03:17:00Z"}
        options = {"http_headers": head, "warc_headers_dict": dated}
        record = writer.create_warc_record(
            URL, "response", payload=BytesIO(body), length=len(body), **options
        )
        writer.write_record(record)
    recorded = RecordedWeb(tmp_path).lookup("GET", URL, b"", NIGHT)
    assert recorded is not None
    with pytest.raises(BodyBroken, match=f"{said}.*other"):
        recorded.exchange()
