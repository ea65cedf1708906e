"""Every page of the demo, opened from disk in a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

MARKET = ("index", "volatility", "bids", "training")
PAGES = (*MARKET, "free-tiers", "providers", "runs", "methods", "cookbook", "data")
# Bands for every provider that sells spot or interruptible capacity.
SPOT = ("aws", "azure", "digitalocean", "google_cloud", "vast_ai")
CHARTS = {"volatility": len(SPOT), "bids": 1, "training": 1}
FLAGS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *sandbox])
        yield started
        started.close()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("theme", "width"), [("light", 1200), ("dark", 1200), ("light", 390)])
def test_a_page_opens_from_disk_whole_and_quiet(
    browser: Browser, demo_site: Path, name: str, theme: str, width: int
) -> None:
    complaints: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)  # type: ignore[arg-type]
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request", lambda request: complaints.append(request.url) if "file:" not in request.url[:5] else None
    )
    page.goto((demo_site / f"{name}.html").as_uri())
    page.wait_for_function(
        "[...document.querySelectorAll('.plot')].every((plot) => plot.dataset.drawn === 'yes')"
    )
    figures = page.locator("figure.chart").count()
    assert figures == page.locator("figure.chart .plot svg").count() == CHARTS.get(name, 0)
    beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(beyond) == 0
    assert "not live prices" in page.locator(".banner").inner_text()
    page.close()
    assert [complaint for complaint in complaints if not complaint.startswith("data:")] == []


def test_without_scripts_the_charts_are_there(browser: Browser, demo_site: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((demo_site / "volatility.html").as_uri())
    drawings = page.locator("figure.chart .plot svg")
    assert drawings.count() == CHARTS["volatility"]
    assert (
        "daily price bands" in (drawings.first.get_attribute("aria-label") or "")
        or drawings.first.is_visible()
    )
    context.close()
