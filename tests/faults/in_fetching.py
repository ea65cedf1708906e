"""Faults on the way: the connection, the transfer, the status."""

from __future__ import annotations

import gzip
from collections.abc import Callable

from tests.faults.cases import WHOLE, Expected, Fault, always, failed
from tests.faults.content import FORMATS, PATH, body, page, reply
from tests.faults.server import Replies, Reply

_MIB = 1 << 20
_ELSEWHERE = "http://10.255.255.1/prices"
_HALF = 400
_TOO_LARGE = r"the answer is larger than 128 MiB$"
# On a busy machine a browser may not have come to 128 MiB when its time is over.
_TOO_LARGE_OR_LATE = rf"{_TOO_LARGE}|did not load within 10 s"


def _in_browser(others: Expected, browser: Expected) -> dict[str, Expected]:
    return dict.fromkeys(FORMATS, others) | {"rendered_page": browser}


def _fetch_failed(error: str) -> Expected:
    return failed("fetch_failed", error)


def _redirect(place: str) -> Reply:
    return Reply(status=302, headers={"Location": place})


def _in_turn(*first: Reply) -> Callable[[str], Replies]:
    return lambda format: {PATH: [*first, reply(format)]}


def _bomb(format: str) -> Reply:
    packed = gzip.compress(b"\n" * (200 * _MIB), 9)
    return reply(format, packed, headers={"Content-Encoding": "gzip"})


_CHALLENGE = page("html_table", "<h1>Just a moment...</h1><p>Enable JavaScript and cookies to continue</p>")

FAULTS = [
    Fault("none", "nothing is wrong", WHOLE, always(reply)),
    Fault(
        "refused",
        "connection refused",
        _fetch_failed(r"127\.0\.0\.1 refused the connection \(3 tries\)$"),
        address="http://127.0.0.1:9",
    ),
    Fault(
        "reset",
        "connection reset before an answer",
        _fetch_failed(r"broke off the connection without an answer \(3 tries\)$"),
        always(lambda format: reply(format, resets_at=0)),
    ),
    Fault(
        "reset_midway",
        "connection reset in the middle of the body",
        _in_browser(_fetch_failed(r"\(3 tries\)$"), _fetch_failed(r".")),
        always(lambda format: reply(format, resets_at=_HALF)),
    ),
    Fault(
        "dns",
        "the name does not resolve",
        _fetch_failed(r"could not resolve faulty\.invalid"),
        address="http://faulty.invalid",
    ),
    Fault(
        "slow_headers",
        "no headers within the time",
        _in_browser(
            _fetch_failed(r"timed out after 10 s \(3 tries\)$"), _fetch_failed(r"did not load within 10 s")
        ),
        always(lambda format: reply(format, stalls_at=0)),
    ),
    Fault(
        "slow_body",
        "the body stops coming",
        _in_browser(
            _fetch_failed(r"timed out after 10 s \(3 tries\)$"), _fetch_failed(r"did not load within 10 s")
        ),
        always(lambda format: reply(format, stalls_at=_HALF)),
    ),
    Fault(
        "truncated",
        "the connection closes before the stated length",
        _in_browser(_fetch_failed(r"the answer broke off before its end \(3 tries\)$"), _fetch_failed(r".")),
        always(lambda format: reply(format, body(format)[:-200], length=len(body(format)))),
    ),
    Fault(
        "wrong_length",
        "the stated length is too short",
        dict.fromkeys(FORMATS, failed("page_changed", r"answered no |breaks off"))
        | {"rendered_page": _fetch_failed(r"did not show 'td' within 10 s")},
        always(lambda format: reply(format, length=len(body(format)) - 60)),
    ),
    Fault(
        "huge",
        "a body that says it has 200 MiB",
        _fetch_failed(_TOO_LARGE),
        always(lambda format: reply(format, b"x", length=200 * _MIB, stalls_at=4096)),
    ),
    Fault(
        "huge_unsaid",
        "a body of 200 MiB that does not say so",
        {"json_api": _fetch_failed(_TOO_LARGE), "rendered_page": _fetch_failed(_TOO_LARGE_OR_LATE)},
        always(lambda format: reply(format, b" " * _MIB, times=200, length="")),
    ),
    Fault(
        "gzip_bomb",
        "200 MiB in 200 KiB of gzip",
        _in_browser(_fetch_failed(_TOO_LARGE), _fetch_failed(_TOO_LARGE_OR_LATE)),
        always(_bomb),
    ),
    Fault(
        "redirect_loop",
        "a redirect to itself",
        _in_browser(_fetch_failed(r"max redirections"), _fetch_failed(r"max redirections|within 10 s")),
        always(lambda format: _redirect(PATH)),
    ),
    Fault(
        "redirect_private",
        "a redirect to a private address",
        _fetch_failed(r"is not (a )?public"),
        always(lambda format: _redirect(_ELSEWHERE)),
    ),
    Fault(
        "busy_once",
        "429 with Retry-After, then fine",
        WHOLE,
        _in_turn(Reply(status=429, headers={"Retry-After": "1"})),
    ),
    Fault(
        "busy",
        "429 without Retry-After, every time",
        _fetch_failed(r"HTTP 429 \(3 tries\)$"),
        always(lambda format: Reply(b"slow down", status=429)),
    ),
    Fault(
        "challenge",
        "403 with a challenge page",
        _fetch_failed(r"HTTP 403$"),
        always(lambda format: Reply(_CHALLENGE, status=403)),
    ),
    Fault("broken_once", "500, then fine", WHOLE, _in_turn(Reply(b"oops", status=500))),
    Fault(
        "broken",
        "500 every time",
        _fetch_failed(r"HTTP 500 \(3 tries\)$"),
        always(lambda format: Reply(b"oops", status=500)),
    ),
]
