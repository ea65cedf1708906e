"""HTTP transfer and content codings: decoded, with proof that a body is complete.

A body is accepted when its own coding proves it: the stated length is there, the last chunk was sent, and the
checksum and length at the end of gzip or zlib agree with what was unpacked. Anything else is refused, because
half of a price list can look like a whole one.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from scrapers.archive.exchange import BodyTooLarge, Headers

ASKED: Final = "gzip"
"""The value of Accept-Encoding. Its checksum is the proof of a whole body; raw deflate has none."""

# Gzip's own header and checksum, and zlib's, as zlib wants them named.
_FORMATS: Final = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_MOST_CODINGS: Final = 3
_MOST_MEMBERS: Final = 100_000
_SLICE: Final = 1 << 16
_STEP: Final = 1 << 20
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r\n")
_CUT_SIZE: Final = re.compile(rb"[0-9A-Fa-f]+\r")
_LAST_CHUNK: Final = re.compile(rb"(?:[^\r\n]+\r\n)*\r\n\Z")
_CONTENT_RANGE: Final = re.compile(r"bytes\s+(\d+)-(\d+)/(\d+)")


class BodyBroken(ValueError):
    """A body is not whole, or it cannot be proved to be."""


def unpacked(raw: bytes, headers: Headers, status: int, limit: int) -> bytes:
    """The body of an answer with its transfer and content codings undone, at most `limit` bytes.

    An error or a redirect may have no body at all. Raises BodyBroken and BodyTooLarge.
    """
    if len(raw) > limit:
        raise _too_large(limit)
    if not raw and status != HTTPStatus.OK:
        return raw
    if "chunked" in _listed(headers, "transfer-encoding"):
        raw = dechunked(raw)
    else:
        _check_length(raw, headers)
    _check_range(headers, status)
    codings = [coding for coding in _listed(headers, "content-encoding") if coding != "identity"]
    if len(codings) > _MOST_CODINGS:
        raise BodyBroken(f"the answer is encoded {len(codings)} times over")
    # The coding that is named last was applied last.
    for coding in reversed(codings):
        raw = decoded(raw, coding, limit)
    return raw


def decoded(packed: bytes, coding: str, limit: int) -> bytes:
    """One content coding undone; the limit is checked while the body is unpacked.

    Raises BodyBroken for a coding that was not asked for, and for a body that its checksum does not prove.
    """
    if coding not in _FORMATS:
        raise BodyBroken(f"the answer is encoded as {coding[:40]!r}, which was not asked for")
    body, view, start, members = bytearray(), memoryview(packed), 0, 0
    while start < len(packed) or not members:
        if members and (coding == "deflate" or members >= _MOST_MEMBERS):
            raise BodyBroken(f"the answer goes on after the end of its {coding}")
        start = _member(view, start, coding, body, limit)
        members += 1
    return bytes(body)


def _member(view: memoryview, start: int, coding: str, body: bytearray, limit: int) -> int:
    """Unpack one gzip member or zlib stream onto `body`; returns where it ends."""
    inflater = zlib.decompressobj(_FORMATS[coding])
    waiting: bytes | memoryview = b""
    while not inflater.eof:
        if not waiting:
            waiting = view[start : start + _SLICE]
            start += len(waiting)
        is_end = not waiting
        try:
            piece = inflater.decompress(waiting, _STEP)
        except zlib.error as problem:
            reason = str(problem).partition(": ")[2] or str(problem)
            raise BodyBroken(
                f"the answer is damaged: its {coding} cannot be unpacked ({reason})"
            ) from problem
        body += piece
        if len(body) > limit:
            raise _too_large(limit)
        waiting = inflater.unconsumed_tail
        if is_end and not piece and not inflater.eof:
            raise BodyBroken(f"the answer broke off before the end of its {coding}")
    return start - len(inflater.unused_data)


def dechunked(raw: bytes) -> bytes:
    """A chunked body put together; one that was put together before is returned as it is.

    Some tools archive the body without its chunks and leave the header. Raises BodyBroken.
    """
    size = _CHUNK_SIZE.match(raw)
    if size is None and not _CUT_SIZE.fullmatch(raw):
        return raw
    body = bytearray()
    while size is not None:
        start, length = size.end(), int(size[1], 16)
        if not length:
            if not _LAST_CHUNK.fullmatch(raw, start):
                break
            return bytes(body)
        body += raw[start : start + length]
        if raw[start + length : start + length + 2] != b"\r\n":
            break
        size = _CHUNK_SIZE.match(raw, start + length + 2)
    raise BodyBroken("the answer broke off before its last chunk")


def _check_length(raw: bytes, headers: Headers) -> None:
    for stated in _listed(headers, "content-length"):
        if stated.isdigit() and int(stated) > len(raw):
            raise BodyBroken(f"the answer broke off after {len(raw):,} of {int(stated):,} bytes")


def _check_range(headers: Headers, status: int) -> None:
    """Refuse a 200 that says of itself that it is a part."""
    for name, value in headers:
        said = _CONTENT_RANGE.fullmatch(value.strip()) if name.lower() == "content-range" else None
        if said and status == HTTPStatus.OK and (int(said[1]) > 0 or int(said[2]) + 1 < int(said[3])):
            raise BodyBroken(f"the answer is a part ({value.strip()})")


def _listed(headers: Headers, name: str) -> list[str]:
    """The elements of a header that may be given as a list and more than once, in lower case."""
    values: Iterable[str] = (value for given, value in headers if given.lower() == name)
    return [item for value in values for part in value.split(",") if (item := part.strip().lower())]


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"the answer is larger than {limit >> 20} MiB")
