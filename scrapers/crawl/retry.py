"""Retries: after a growing wait, or after the one that Retry-After names."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from scrapy import Request
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import DownloadCancelledError
from scrapy.http import Response

from scrapers.crawl.errors import is_passing
from scrapers.crawl.job_state import CAPTURE
from scrapers.crawl.throttle import LONGEST_WAIT
from scrapers.page import Capture

_FIRST_WAIT: Final = 1.0
_DAILY_QUOTA: Final = b"search_quota_exceeded"


class BackOff(RetryMiddleware):
    """Middleware: tries again after a growing wait, or after the one that Retry-After asks for.

    Scrapy's own tries again at once. A daily quota that is used up is not tried again at all.
    """

    async def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """The request again, when its time has come, or the answer."""
        again = super().process_response(request, response)
        capture: Capture | None = request.meta.get(CAPTURE)
        if not isinstance(again, Request) or (capture and _DAILY_QUOTA in capture.body):
            return response
        await asyncio.sleep(wait_before(again, response))
        return again

    async def process_exception(self, request: Request, exception: Exception) -> Request | None:  # type: ignore[override]
        """The request again, when its time has come; the last exception bears the number of tries."""
        # An answer that is too large will be so again.
        too_large = isinstance(exception, DownloadCancelledError) or "HeadTooLarge" in str(exception)
        if too_large or request.meta.get("dont_retry"):
            return None
        passing = is_passing(exception)
        again = self._retry(request, exception) if passing else super().process_exception(request, exception)
        if not isinstance(again, Request):
            exception.add_note(tries_of(request))
            return None
        await asyncio.sleep(wait_before(again))
        return again


def tries_of(request: Request | None) -> str:
    """How often a request was tried, in brackets, empty for once."""
    again = int(request.meta.get("retry_times", 0)) if request else 0
    return f" ({again + 1} tries)" if again else ""


def wait_before(again: Request, response: Response | None = None) -> float:
    """Seconds before a further try: what Retry-After asks, else twice as long each time, with some jitter."""
    tries = int(again.meta["retry_times"])
    asked = _retry_after(response) if response is not None else None
    wait = _FIRST_WAIT * 2 ** (tries - 1) * random.uniform(1.0, 1.5) if asked is None else asked  # noqa: S311
    return min(wait, LONGEST_WAIT)


def _retry_after(response: Response) -> float | None:
    """Retry-After in seconds from now, given as seconds or as a date; None where there is none."""
    header = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if header.isdigit():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())
