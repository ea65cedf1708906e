"""What keeps a request from being answered, in a sentence for a person."""

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

from scrapers.warc import MAX_BODY, BodyTooLarge

FETCH_PROBLEMS: Final = (
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

_BY_SIGN: Final = {
    "certificate verify failed": "the certificate of {host} could not be verified",
    "ERR_CERT_": "the certificate of {host} could not be verified",
    "ERR_NAME_NOT_RESOLVED": "could not resolve {host}, or it leads to an address that is not public",
}


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
        DownloadCancelledError: f"the answer is larger than {MAX_BODY >> 20} MiB",
        ResponseDataLossError: "the answer broke off before its end",
    }
    if type(problem) in fixed:
        return fixed[type(problem)]
    for sign, sentence in _BY_SIGN.items():
        if sign in str(problem):
            return sentence.format(host=host)
    if isinstance(problem, IgnoreRequest | BodyTooLarge):
        return str(problem)
    first_line = str(problem).partition("\n")[0]
    return f"the connection failed: {first_line or type(problem).__name__}"
