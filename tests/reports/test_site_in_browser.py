"""Every page of the demo, opened from disk in a real browser."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

from reports.pages import calculator
from reports.tables import dollars

MARKET = ("index", "volatility", "availability", "bids", "training", "calculator")
OTHERS = ("free-tiers", "providers", "quality", "methods", "cookbook", "data")
OF_ONE = ("gpu-h100-sxm-80", "provider-vast-ai", "provider-floydhub")
PAGES = (*MARKET, *OTHERS, *OF_ONE)
# Bands for every provider that sells spot or interruptible capacity.
SPOT = ("aws", "azure", "digitalocean", "google_cloud", "vast_ai")
# The marketplace as a whole is drawn on demand and interruptible.
CHARTS = {"volatility": len(SPOT) + 2, "availability": 1, "bids": 1, "training": 1, "gpu-h100-sxm-80": 2}
FLAGS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

# Its preloading of style sheets is a request of its own.
AXE = {"resultTypes": ["violations"], "preload": False}
# The dark theme changes colours and nothing else.
COLOURS = {**AXE, "runOnly": ["color-contrast"]}

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
    options = COLOURS if theme == "dark" else AXE
    found = Axe().run(page, options=options).response["violations"] if width > 1000 else []
    grave = [
        (one["id"], one["nodes"][0]["target"]) for one in found if one["impact"] in {"serious", "critical"}
    ]
    assert grave == []
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


def test_every_link_within_the_site_leads_somewhere(demo_site: Path) -> None:
    dead = [
        (page.name, href)
        for page in demo_site.glob("*.html")
        for href in re.findall(r'href="([^"#:]+)(?:#[^"]*)?"', page.read_text(encoding="utf-8"))
        if not (demo_site / href).is_file()
    ]
    assert dead == []


STATES = (
    {},
    {"hours": "0.25", "memory": "16"},
    {"gpu": "H100 SXM 80 GiB", "hours": "24", "price": "30000", "watts": "1100", "kwh": "0.1", "years": "4"},
    {"gpu": "T4 PCIe 16 GiB", "hours": "2.5", "lost": "0.35"},
    {"memory": "1000"},
)


@pytest.mark.parametrize("state", STATES, ids=str)
def test_the_calculator_computes_in_the_page_what_python_computes(
    browser: Browser, demo_site: Path, state: dict[str, str]
) -> None:
    page = browser.new_page()
    page.goto(f"{(demo_site / 'calculator.html').as_uri()}#{urlencode(state)}")
    data = json.loads(page.locator("#calculator-data").text_content() or "")
    usage = calculator.asked(state)
    expected = [
        [option.way, option.gpu, f"${option.usd_per_month:,.2f}", dollars(option.usd_per_hour), option.remark]
        for option in calculator.options(data, usage)[:30]
    ]
    shown = page.locator("#options tbody tr")
    assert [row.locator("td").all_inner_texts() for row in shown.all()] == expected
    assert page.locator("#break-even").inner_text() == calculator.break_even_in_words(data, usage)
    page.close()


def test_what_the_calculator_is_asked_stands_in_its_address(browser: Browser, demo_site: Path) -> None:
    page = browser.new_page()
    page.goto((demo_site / "calculator.html").as_uri())
    page.get_by_label("hours a day").fill("7.5")
    page.locator("[name=gpu]").select_option("L4 PCIe 24 GiB")
    asked = calculator.asked(dict(parse_qsl(urlsplit(page.url).fragment)))
    assert (asked.hours, asked.gpu) == (7.5, "L4 PCIe 24 GiB")
    page.close()
