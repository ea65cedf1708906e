"""Redirects: followed without secrets; requests with a key follow none to another origin."""

from __future__ import annotations

from typing import Final

from scrapy import Request
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from scrapers.crawl.job_state import KEY
from scrapers.url_origin import named, origin_of

_LONGEST_ADDRESS: Final = 8192


class Redirects(RedirectMiddleware):
    """Middleware: Scrapy's, but a request with a key stays at its origin (scheme, host and port).

    Scrapy's own drops Authorization on the way to another host, and sends every other header along.
    """

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """The request that a redirect asks for, or the answer; raises IgnoreRequest for one not followed."""
        if len(response.headers.get("Location") or b"") > _LONGEST_ADDRESS:
            raise IgnoreRequest(f"it redirects to an address of more than {_LONGEST_ADDRESS} bytes")
        followed = super().process_response(request, response)
        if isinstance(followed, Request):
            self._check(request, followed)
        return followed

    def handle_referer(self, request: Request, response: Response) -> None:
        """Send no Referer: an address may hold a key."""
        request.headers.pop("Referer", None)

    def _check(self, request: Request, followed: Request) -> None:
        try:
            before, after = origin_of(request.url), origin_of(followed.url)
        except ValueError as problem:
            raise IgnoreRequest(f"it redirects elsewhere, and {problem}") from problem
        if request.meta.get(KEY) and before != after:
            raise IgnoreRequest(
                f"it redirects to {named(after)}, and a request with a key is not sent to another origin"
            )
