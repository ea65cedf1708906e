"""The download handler: bounded headers, complete bodies.

Twisted bounds a line of a head but not their number, and Scrapy takes a body without a stated length for
whole even when its connection was reset. The classes below replace the protocol of Scrapy's handler.
"""

from __future__ import annotations

from typing import Any, Final

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
    _LenientHTTPClientParser,
)
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.web._newclient import DONE, ResponseFailed
from twisted.web.http import _DataLoss, _IdentityTransferDecoder

from scrapers.archive import exchange
from scrapers.archive.http_coding import BodyBroken, unpacked
from scrapers.crawl.job_state import ROLE, state_of
from scrapers.crawl.middleware import pairs

MAX_HEAD: Final = 64 * 1024
"""Bytes of status lines and headers that are accepted before a body, interim answers (1xx) included."""

_MOST_INTERIM: Final = 10
_END_OF_PAGE: Final = b"</html>"
_LAST_BYTES: Final = 2048


class HeadTooLarge(Exception):
    """An answer has more headers, or more interim answers, than are accepted."""


class _Parser(_LenientHTTPClientParser):
    """Counts what comes before the body; this class replaces that of a parser that is already in use."""

    _head = 0
    _interim = 0

    def lineReceived(self, line: bytes) -> None:  # noqa: N802 (Twisted's name)
        self._head += len(line) + 1
        if self._head > MAX_HEAD:
            raise HeadTooLarge(f"more than {MAX_HEAD} bytes")
        super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802
        raise HeadTooLarge(f"a line of more than {self.MAX_LENGTH} bytes")

    def allHeadersReceived(self) -> None:  # noqa: N802
        if self.response.code < 200:  # noqa: PLR2004 (an interim answer)
            self._interim += 1
            if self._interim > _MOST_INTERIM:
                raise HeadTooLarge(f"more than {_MOST_INTERIM} interim answers")
        super().allHeadersReceived()  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Failure | None = None) -> None:  # noqa: N802
        """A body without a stated length has ended only where the connection was closed, not reset."""
        decoder: Any = self.bodyDecoder
        unstated = isinstance(decoder, _IdentityTransferDecoder) and decoder.contentLength is None
        if unstated and self.state != DONE and reason is not None and not reason.check(ConnectionDone):  # type: ignore[no-untyped-call]
            lost = ResponseFailed([reason, Failure(_DataLoss())], self.response)  # type: ignore[no-untyped-call]
            self.response._bodyDataFinished(Failure(lost))  # type: ignore[no-untyped-call]
            return
        super().connectionLost(reason)


class _Protocol(_LenientHTTP11ClientProtocol):
    def request(self, request: Any) -> Any:
        answered = super().request(request)
        self._parser.__class__ = _Parser
        return answered


class _Factory(_LenientHTTP11ClientFactory):
    def buildProtocol(self, addr: Any) -> _Protocol:  # noqa: N802
        return _Protocol(self._quiescentCallback)  # type: ignore[no-untyped-call]


class BoundedHandler(HTTP11DownloadHandler):
    """Scrapy's handler with bounded heads; raises BodyBroken for a body that is not whole."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool._factory = _Factory

    async def download_request(self, request: Request) -> Response:
        """The answer of the network, proved to be whole; what a browser made is checked elsewhere."""
        response = await super().download_request(request)
        if "playwright" not in response.flags:
            check_whole(request, response)
        return response


def check_whole(request: Request, response: Response) -> None:
    """Raise BodyBroken for an answer that its coding, its length or its format does not prove to be whole."""
    headers = pairs(response.headers)
    body = unpacked(response.body, headers, response.status, exchange.MAX_BODY)
    # Scrapy's mark of a body that ended with its connection, and that stated no length before.
    unproved = "partial" in response.flags and "Content-Encoding" not in response.headers
    if unproved and exchange.is_success(response.status) and request.meta[ROLE] == "response":
        source_format = state_of(request).source.declared.format
        is_page = source_format in {"html_table", "price_table", "liveness"}
        is_cut = is_page and _END_OF_PAGE not in body[-_LAST_BYTES:].lower()
        # Cut JSON and XML are not JSON and XML, but YAML may end after any line.
        if is_cut or source_format == "yaml_file":
            raise BodyBroken("the answer states no length, so that it cannot be proved to be whole")
