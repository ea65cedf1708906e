"""Scrapy's settings for a crawl."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import urlsplit

from scrapers.archive.exchange import MAX_BODY
from scrapers.archive.http_coding import ASKED
from scrapers.crawl.chromium import launch_options
from scrapers.crawl.client import FetchPlan
from scrapers.crawl.ssrf_guard import ALLOW_LOOPBACK
from scrapers.page import FetchRequest
from scrapers.registry import Source

USER_AGENT: Final = f"gpuledger/{version('gpuledger')} (+https://github.com/gpuledger/gpuledger)"
PAGES_AT_ONCE: Final = 4

_HERE: Final = "scrapers.crawl"
_SCRAPY: Final = "scrapy.downloadermiddlewares"
_HANDLER: Final = f"{_HERE}.browser_transfer.BrowserHandler"


def settings_for(plan: FetchPlan, sources: Iterable[Source]) -> dict[str, Any]:
    """Scrapy's settings for a plan over these sources."""
    requests = [(request, source.declared.delay_seconds) for source in sources for request in source.requests]
    schemes = {urlsplit(request.url).scheme for request, _ in requests if request.wait_for}
    return {
        **_COMMON,
        "DOWNLOAD_HANDLERS": dict.fromkeys(("http", "https"), f"{_HERE}.transfer.BoundedHandler"),
        **(_pace_of_an_archive() if plan.recorded else _pace_of_the_network(requests)),
        **(_browser(plan, plan.chromium, schemes) if plan.chromium else {}),
        ALLOW_LOOPBACK: plan.allow_loopback,
        "DOWNLOAD_TIMEOUT": plan.request_timeout,
        "DOWNLOADER_MIDDLEWARES": _middlewares(recorded=plan.recorded is not None),
    }


_COMMON: Final[dict[str, Any]] = {
    "USER_AGENT": USER_AGENT,
    "DEFAULT_REQUEST_HEADERS": {
        "Accept": "application/json, text/html;q=0.9, */*;q=0.5",
        "Accept-Encoding": ASKED,
        "Accept-Language": "en",
    },
    "DOWNLOAD_MAXSIZE": MAX_BODY,
    "DOWNLOAD_VERIFY_CERTIFICATES": True,
    "REDIRECT_MAX_TIMES": 5,
    "TWISTED_DNS_RESOLVER": f"{_HERE}.ssrf_guard.GuardedResolver",
    "EXTENSIONS": {"scrapy.extensions.throttle.AutoThrottle": None, f"{_HERE}.throttle.Throttle": 0},
    "LOG_LEVEL": "INFO",
    "LOG_COLOR": False,
    # Answers are archived as received, and the archive's readers undo the encoding.
    "COMPRESSION_ENABLED": False,
    "COOKIES_ENABLED": False,
    # A proxy would be asked in place of the address that was checked.
    "HTTPPROXY_ENABLED": False,
    "METAREFRESH_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
}


def _middlewares(*, recorded: bool) -> dict[str, int | None]:
    """From the engine (low) to the wire (high): the archive stands next to the wire."""
    ours = {f"{_HERE}.robots.RobotsRules": 100, f"{_HERE}.middleware.IntoArchive": 900}
    ours[f"{_HERE}.redirects.Redirects"] = 600
    if recorded:
        ours[f"{_HERE}.middleware.FromArchive"] = 910
    else:
        ours |= {f"{_HERE}.ssrf_guard.AddressGuard": 50, f"{_HERE}.retry.BackOff": 550}
    return {
        f"{_SCRAPY}.robotstxt.RobotsTxtMiddleware": None,
        f"{_SCRAPY}.retry.RetryMiddleware": None,
        f"{_SCRAPY}.redirect.RedirectMiddleware": None,
        **ours,
    }


def _pace_of_an_archive() -> dict[str, Any]:
    return {"CONCURRENT_REQUESTS_PER_DOMAIN": PAGES_AT_ONCE, "DOWNLOAD_DELAY": 0}


def _pace_of_the_network(requests: Iterable[tuple[FetchRequest, float]]) -> dict[str, Any]:
    """One request at a time to a host, no sooner than every source there has declared."""
    delays: dict[str, float] = {}
    for request, delay in requests:
        host = urlsplit(request.url).hostname or ""
        delays[host] = max(delays.get(host, 0.0), delay)
    return {
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": 1.0,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DOWNLOAD_DELAY_JITTER": 0,
        "DOWNLOAD_SLOTS": {host: {"delay": delay, "concurrency": 1} for host, delay in delays.items()},
    }


def _browser(plan: FetchPlan, chromium: str, schemes: Iterable[str]) -> dict[str, Any]:
    """The browser handles only the schemes that need it: each would start one of its own."""
    return {
        "DOWNLOAD_HANDLERS": dict.fromkeys(("http", "https"), f"{_HERE}.transfer.BoundedHandler")
        | dict.fromkeys(schemes, _HANDLER),
        "PLAYWRIGHT_LAUNCH_OPTIONS": launch_options(chromium, recorded=plan.recorded is not None),
        "PLAYWRIGHT_PROCESS_REQUEST_HEADERS": f"{_HERE}.chromium.request_headers",
        "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": plan.request_timeout * 1000,
    }
