"""Fetch errors as sentences."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from playwright.async_api import Error as BrowserError
from playwright.async_api import TimeoutError as BrowserTimeout
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from twisted.internet.error import ConnectError, ConnectionClosed

from scrapers.archive.exchange import BodyTooLarge, too_large
from scrapers.archive.http_coding import BodyBroken
from warehouse.text_safety import first_line

FETCH_PROBLEMS: Final = (
    BodyBroken,
    BodyTooLarge,
    BrowserError,
    CannotResolveHostError,
    ConnectError,
    ConnectionClosed,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
"""What a request may end in; anything else is a defect of this program."""

_BROKEN_OFF: Final = "{host} broke off the connection without an answer"
_BY_SIGN: Final = {
    "certificate verify failed": "the certificate of {host} could not be verified",
    "ERR_CERT_": "the certificate of {host} could not be verified",
    "ERR_CONNECTION_REFUSED": "{host} refused the connection",
    "ERR_CONNECTION_RESET": _BROKEN_OFF,
    "ERR_EMPTY_RESPONSE": _BROKEN_OFF,
    "ConnectionLost": _BROKEN_OFF,
    "HeadTooLarge": "{host} sent more headers than are accepted",
    "ERR_HTTP_RESPONSE_CODE_FAILURE": "{host} answered an error without a page",
    "ERR_TOO_MANY_REDIRECTS": "max redirections reached",
    "ERR_NAME_NOT_RESOLVED": "could not resolve {host}, or it leads to an address that is not public",
}


_NOT_AGAIN: Final = (
    "ERR_NAME_NOT_RESOLVED",
    "ERR_CERT_",
    "ERR_TOO_MANY_REDIRECTS",
    "ERR_ABORTED",
    "ERR_INTERNET_DISCONNECTED",
)


def is_passing(problem: Exception) -> bool:
    """Whether a broken transfer, or a browser's failure to reach a page, may be gone the next time."""
    said = str(problem)
    if isinstance(problem, BodyBroken):
        return True
    if isinstance(problem, BrowserTimeout):
        return "Page.goto" in said
    failed = isinstance(problem, BrowserError) and "net::ERR_" in said
    return failed and not any(sign in said for sign in _NOT_AGAIN)


def described(problem: Exception, url: str, timeout: int) -> str:
    """What went wrong with a request that may take `timeout` seconds, and the notes of who has met it."""
    return _sentence(problem, url, timeout) + "".join(getattr(problem, "__notes__", ()))


def _sentence(problem: Exception, url: str, timeout: int) -> str:
    host = urlsplit(url).hostname
    fixed = {
        CannotResolveHostError: f"could not resolve {host}",
        DownloadTimeoutError: f"timed out after {timeout} s",
        BrowserTimeout: f"the page did not load within {timeout} s",
        DownloadConnectionRefusedError: f"{host} refused the connection",
        DownloadCancelledError: too_large(),
        ResponseDataLossError: "the answer broke off before its end",
    }
    if type(problem) in fixed:
        return fixed[type(problem)]
    for sign, sentence in _BY_SIGN.items():
        if sign in str(problem):
            return sentence.format(host=host)
    if isinstance(problem, IgnoreRequest | BodyBroken | BodyTooLarge):
        return str(problem)
    return f"the connection failed: {first_line(problem) or type(problem).__name__}"
