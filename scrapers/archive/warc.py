"""The WARC reader: record by record, each checked to be complete.

warcio reads what it can: a file that was cut short ends early, and damaged gzip is passed on as it is. Here
both are errors that name the file, so that the archive is blamed and not the site whose answer it holds.
"""

from __future__ import annotations

import zlib
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord, ArcWarcRecordLoader
from warcio.statusandheaders import StatusAndHeadersParserException

from scrapers.archive import exchange
from scrapers.archive.exchange import ArchiveDamaged
from scrapers.archive.http_coding import BodyBroken, unpacked

_GZIP: Final = b"\x1f\x8b"
_SLICE: Final = 1 << 16
_LONGEST_LINE: Final = 1 << 16
_LONGEST_HEADS: Final = 1 << 20
# What the parser of a damaged head may raise.
_MALFORMED: Final = (
    ArchiveLoadFailed,
    StatusAndHeadersParserException,
    AttributeError,
    EOFError,
    LookupError,
    TypeError,
    ValueError,
)


class _Bytes(Protocol):
    """What a record is parsed from."""

    def read(self, size: int | None = None) -> bytes:
        """At most `size` bytes, fewer only at the end."""

    def readline(self, size: int | None = None) -> bytes:
        """A line of a head; raises ValueError where the heads of the record have no end."""

    def end(self) -> int:
        """The offset in the file after what was read; raises ArchiveDamaged where more follows."""


def records(path: Path, offset: int = 0) -> Generator[tuple[ArcWarcRecord, int], None, None]:
    """The records of a WARC file from an offset on, each with its offset (that of its gzip member).

    A record's stream must be read before the next record is asked for, and before the generator is let go,
    which closes the file. What is not read is checked all the same when the next record is asked for. Raises
    ArchiveDamaged for a file that was cut short, fails a checksum or digest, or is not a WARC file.
    """
    size = path.stat().st_size
    if not size:
        raise ArchiveDamaged(_advice(path, "is empty"))
    with path.open("rb") as file:
        while offset < size:
            file.seek(offset)
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(offset)
            stream: _Bytes = _Member(file, path) if packed else _Plain(file)
            record = _parsed(path, offset, stream)
            yield record, offset
            _drain(path, offset, record)
            offset = stream.end()


def body_of(record: ArcWarcRecord) -> bytes:
    """A record's payload, for an answer with transfer and content coding undone.

    Raises BodyTooLarge, and BodyBroken for an answer that is not whole, or that the file says is not.
    """
    raw: bytes = record.raw_stream.read(exchange.MAX_BODY + 1)
    cut = record.rec_headers.get_header("WARC-Truncated") or record.rec_headers.get_header(
        "WARC-Segment-Number"
    )
    if cut:
        raise BodyBroken(f"the answer was archived in part ({cut})")
    if record.rec_type != "response" or record.http_headers is None:
        return unpacked(raw, (), 0, exchange.MAX_BODY)
    head = record.http_headers
    return unpacked(raw, head.headers, int(head.get_statuscode()), exchange.MAX_BODY)


class _Member:
    """One gzip member, unpacked as it is read."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self._offset = file.tell()
        self._inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._ready = b""
        self._place = 0
        self._heads = 0

    def read(self, size: int | None = None) -> bytes:
        pieces, wanted = [], _SLICE if size is None else size
        while wanted > 0 and self._fill():
            piece = self._ready[self._place : self._place + wanted]
            self._place += len(piece)
            wanted -= len(piece)
            pieces.append(piece)
        return b"".join(pieces)

    def readline(self, size: int | None = None) -> bytes:
        line, longest = b"", min(size or _LONGEST_LINE, _LONGEST_LINE)
        while not line.endswith(b"\n") and len(line) < longest and self._fill():
            end = self._ready.find(b"\n", self._place)
            stop = min(end + 1 if end >= 0 else len(self._ready), self._place + longest - len(line))
            line += self._ready[self._place : stop]
            self._place = stop
        self._heads += len(line)
        if self._heads > _LONGEST_HEADS:
            raise ValueError("its heads are longer than 1 MiB")
        return line

    def end(self) -> int:
        if self.read(_SLICE).strip() or self._fill():
            reason = "has more than one record in a gzip member, or a record of the wrong length"
            raise ArchiveDamaged(_advice(self._path, f"{reason} at offset {self._offset}"))
        return self._file.tell() - len(self._inflater.unused_data)

    def _fill(self) -> bool:
        """Have something ready; False at the end of the member, whose checksum has then been verified."""
        while self._place >= len(self._ready):
            if self._inflater.eof:
                return False
            packed = self._inflater.unconsumed_tail or self._file.read(_SLICE)
            try:
                self._ready = self._inflater.decompress(packed, 4 * _SLICE)
            except zlib.error as problem:
                raise ArchiveDamaged(_advice(self._path, f"is damaged ({problem})")) from problem
            self._place = 0
            if not packed and not self._ready and not self._inflater.eof:
                raise ArchiveDamaged(_cut(self._path))
        return True


class _Plain:
    """A record that is not packed: the file itself."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._heads = 0

    def read(self, size: int | None = None) -> bytes:
        return self._file.read(_SLICE if size is None else size)

    def readline(self, size: int | None = None) -> bytes:
        line = self._file.readline(min(size or _LONGEST_LINE, _LONGEST_LINE))
        self._heads += len(line)
        if self._heads > _LONGEST_HEADS:
            raise ValueError("its heads are longer than 1 MiB")
        return line

    def end(self) -> int:
        """Past the empty lines between two records."""
        while (line := self._file.readline(_LONGEST_LINE)) and not line.strip():
            continue
        return self._file.tell() - len(line)


def _parsed(path: Path, offset: int, stream: _Bytes) -> ArcWarcRecord:
    loader = ArcWarcRecordLoader(verify_http=False, arc2warc=False)
    try:
        record = loader.parse_record_stream(stream, check_digests=True)
        if record.length is None:
            raise ValueError("it has no Content-Length")
    except ArchiveDamaged:
        raise
    except _MALFORMED as problem:
        reason = f"has no readable record at offset {offset} ({problem or 'it ends there'})"
        raise ArchiveDamaged(_advice(path, reason)) from problem
    return record


def _drain(path: Path, offset: int, record: ArcWarcRecord) -> None:
    """Read what is left of a record, and check its length and its digests."""
    stream = record.raw_stream
    try:
        while stream.read(_SLICE):
            continue
    except ArchiveDamaged:
        raise
    except _MALFORMED as problem:
        raise ArchiveDamaged(_advice(path, f"is damaged at offset {offset} ({problem})")) from problem
    if stream.limit > 0:
        raise ArchiveDamaged(_cut(path))
    if _contradicted(record):
        reason = f"is damaged: the bytes at offset {offset} are not those archived"
        raise ArchiveDamaged(_advice(path, reason))


def _contradicted(record: ArcWarcRecord) -> bool:
    """Whether a digest of the record is not that of its bytes.

    Tools agree on the digest of the block. That of the payload some take of a body without its chunks.
    """
    problems = [problem for problem in record.digest_checker.problems if "failed" in problem]
    if record.rec_headers.get_header("WARC-Block-Digest"):
        return any(problem.startswith("block") for problem in problems)
    chunked = record.http_headers is not None and record.http_headers.get_header("Transfer-Encoding")
    return bool(problems) and not chunked


def _cut(path: Path) -> str:
    return _advice(path, "was cut short: it ends in the middle of a record")


def _advice(path: Path, reason: str) -> str:
    return f"{path} {reason}; copy the file again from where it came from, or move it away"
