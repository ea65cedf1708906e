"""Downloader middleware next to the network: answers from the archive, and writes to it."""

from __future__ import annotations

from datetime import UTC, datetime

from scrapy import Request
from scrapy.http import Headers, Response

from scrapers.archive.exchange import Exchange, is_redirect
from scrapers.crawl.job_state import CAPTURE, EXCHANGE, LABEL, ROLE, NotArchived, state_of


class FromArchive:
    """Middleware: answers from the recorded web, where there is one; nothing passes on to the network."""

    def process_request(self, request: Request) -> Response | None:
        """The recorded answer; a page for the browser passes on, to ask for itself."""
        run = state_of(request)
        if run.web is None:
            return None
        found = run.web.lookup(request.method, request.url, request.body, run.span, run.source.id)
        if found is None:
            raise NotArchived("not in the archive")
        if request.meta.get("playwright") and not is_redirect(found.status):
            return None
        run.taken.add(found.key)
        exchange = found.exchange()
        request.meta[EXCHANGE] = exchange
        headers = Headers()
        for name, value in exchange.headers:
            headers.appendlist(name, value)
        return Response(request.url, exchange.status, headers, exchange.body, request=request)


class IntoArchive:
    """Middleware: archives every answer as it arrives, before any other part of the crawl sees it."""

    def process_response(self, request: Request, response: Response) -> Response:
        """Archive the answer; what a browser rendered is archived by its Rendering."""
        run = state_of(request)
        # An answer can come in after its job ran out of time.
        if "playwright" in response.flags or run.writer.sealed:
            return response
        recorded: Exchange | None = request.meta.pop(EXCHANGE, None)
        request.meta[CAPTURE] = run.writer.write(
            Exchange(
                url=request.url,
                at=recorded.at if recorded else datetime.now(UTC),
                body=response.body,
                headers=pairs(response.headers),
                status=response.status,
                method=request.method,
                request_headers=recorded.request_headers if recorded else pairs(request.headers),
                request_body=request.body,
                role=request.meta[ROLE],
                label=request.meta[LABEL],
            )
        )
        return response


def pairs(headers: Headers) -> list[tuple[str, str]]:
    """Scrapy's headers as pairs of text."""
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in headers.items()
        for value in values
    ]
