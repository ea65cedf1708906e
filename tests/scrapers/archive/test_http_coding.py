"""A body is whole by its own proof: no cut, flip or lie of a coding passes for the body that was meant."""

from __future__ import annotations

import gzip
import zlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapers.archive.exchange import BodyTooLarge
from scrapers.archive.http_coding import BodyBroken, dechunked, unpacked

LIMIT = 1 << 20
PACKED = {"gzip": gzip.compress, "deflate": zlib.compress, "x-gzip": gzip.compress}
BODIES = st.binary(min_size=1, max_size=400)


def of(body: bytes, coding: str, status: int = 200, **headers: str) -> bytes:
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return unpacked(body, [("Content-Encoding", coding), *named], status, LIMIT)


@given(BODIES, st.sampled_from(sorted(PACKED)))
def test_a_whole_body_is_read(body: bytes, coding: str) -> None:
    assert of(PACKED[coding](body), coding) == body


@given(BODIES, st.sampled_from(sorted(PACKED)), st.data())
def test_a_body_cut_anywhere_is_refused(body: bytes, coding: str, data: st.DataObject) -> None:
    packed = PACKED[coding](body)
    cut = packed[: data.draw(st.integers(0, len(packed) - 1))]
    with pytest.raises(BodyBroken):
        of(cut, coding)


@settings(max_examples=300)
@given(BODIES, st.sampled_from(sorted(PACKED)), st.data())
def test_a_flipped_bit_never_gives_another_body(body: bytes, coding: str, data: st.DataObject) -> None:
    packed = bytearray(PACKED[coding](body))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with suppress(BodyBroken):
        assert of(bytes(packed), coding) == body


@given(BODIES, st.binary(min_size=1, max_size=30), st.sampled_from(sorted(PACKED)))
def test_what_follows_a_body_is_refused(body: bytes, more: bytes, coding: str) -> None:
    with pytest.raises(BodyBroken):
        of(PACKED[coding](body) + more, coding)


def test_members_of_gzip_and_codings_over_one_another_are_whole_bodies() -> None:
    assert of(gzip.compress(b"a") + gzip.compress(b"b"), "gzip") == b"ab"
    assert of(gzip.compress(gzip.compress(b"a")), "gzip, gzip") == b"a"
    assert of(gzip.compress(zlib.compress(b"a")), "deflate, identity, GZIP") == b"a"


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "utf-8", "gzip, br", "gzip, gzip, gzip, gzip"])
def test_a_coding_that_was_not_asked_for_is_named(coding: str) -> None:
    with pytest.raises(BodyBroken, match=r"was not asked for|4 times over"):
        of(b"\x0b\x02\x80prices\x03", coding)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_body_that_is_not_what_its_coding_says_is_refused(coding: str) -> None:
    with pytest.raises(BodyBroken, match="damaged"):
        of(b'{"offers": []}', coding)


def test_the_limit_holds_while_a_body_is_unpacked() -> None:
    with pytest.raises(BodyTooLarge):
        of(gzip.compress(bytes(LIMIT + 1)), "gzip")
    with pytest.raises(BodyTooLarge):
        of(gzip.compress(gzip.compress(bytes(64 * LIMIT))), "gzip, gzip")


def test_an_error_or_a_redirect_may_have_no_body_and_an_answer_may_not() -> None:
    assert of(b"", "gzip", status=301) == of(b"", "gzip", status=503) == b""
    with pytest.raises(BodyBroken):
        of(b"", "gzip")


@given(st.lists(BODIES, max_size=4), st.data())
def test_chunks_cut_anywhere_are_refused(pieces: list[bytes], data: st.DataObject) -> None:
    raw = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    assert dechunked(raw) == b"".join(pieces)
    cut = raw[: data.draw(st.integers(3, len(raw) - 1))]
    with pytest.raises(BodyBroken):
        dechunked(cut)


def test_a_stated_length_and_a_stated_range_are_held_against_the_body() -> None:
    with pytest.raises(BodyBroken, match="after 4 of 9 bytes"):
        unpacked(b"half", [("Content-Length", "9")], 200, LIMIT)
    with pytest.raises(BodyBroken, match="is a part"):
        unpacked(b"half", [("Content-Range", "bytes 0-3/9")], 200, LIMIT)
    assert unpacked(b"whole", [("Content-Range", "bytes 0-4/5")], 200, LIMIT) == b"whole"
