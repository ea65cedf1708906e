"""Rate limits for each host: by its declaration, robots.txt and AutoThrottle."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from scrapy.core.downloader import Downloader, Slot
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response
from scrapy.utils.httpobj import urlparse_cached

LONGEST_WAIT: Final = 60.0
"""Seconds: the longest delay between requests and before a retry, whatever Retry-After or robots.txt asks."""


class Throttle(AutoThrottle):
    """AutoThrottle that never goes below what a source declares or robots.txt asks for."""

    def _adjust_delay(self, slot: Slot, latency: float, response: Response) -> None:
        super()._adjust_delay(slot, latency, response)
        engine = self.crawler.engine
        if engine is not None:
            agreed = engine.downloader.per_slot_settings.get(urlparse_cached(response).hostname or "", {})
            slot.delay = max(slot.delay, agreed.get("delay", 0.0))


def slow_down(downloader: Downloader, origin: str, delay: float) -> None:
    """Hold a host to a delay in seconds, where it is longer than the one that already holds."""
    host = urlsplit(origin).hostname or ""
    agreed = downloader.per_slot_settings.setdefault(host, {})
    agreed["delay"] = max(agreed.get("delay", 0.0), min(delay, LONGEST_WAIT))
    if host in downloader.slots:
        slot = downloader.slots[host]
        slot.delay = max(slot.delay, agreed["delay"])
