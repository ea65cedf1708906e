"""The handler of pages for the browser; what it asks without the browser is bounded as everything else is."""

from __future__ import annotations

from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from scrapers.crawl.transfer import BoundedHandler


class BrowserHandler(ScrapyPlaywrightDownloadHandler, BoundedHandler):  # type: ignore[misc]
    """scrapy-playwright's handler, whose requests without a browser go through the bounded one."""
