"""The download handler for pages of the browser, with the same bounds as every other request."""

from __future__ import annotations

from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from scrapers.crawl.transfer import BoundedHandler


class BrowserHandler(ScrapyPlaywrightDownloadHandler, BoundedHandler):  # type: ignore[misc]
    """scrapy-playwright's handler, whose requests without a browser go through the bounded one."""
