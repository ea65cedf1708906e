"""Whatever a source says, the site shows it and does not do it: pages, feed, downloads, names of files."""

from __future__ import annotations

import csv
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl
import pytest
from lxml import html
from playwright.sync_api import Browser, sync_playwright

from reports import downloads

ATOM = "{http://www.w3.org/2005/Atom}"
OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff]")
FLAGS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
CUT = "x" * 2_000


@pytest.fixture(scope="module")
def pages(hostile_site: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(hostile_site.glob("*.html"))}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *sandbox])
        yield started
        started.close()


@pytest.mark.browser
@pytest.mark.slow
def test_no_page_runs_asks_for_or_complains_of_anything(
    browser: Browser, hostile_site: Path, pages: dict[str, str]
) -> None:
    complaints: list[tuple[str, str]] = []
    tab = browser.new_page()
    here = ""
    tab.on("console", lambda message: complaints.append((here, message.text)))
    tab.on("pageerror", lambda error: complaints.append((here, str(error))))
    tab.on("dialog", lambda dialog: complaints.append((here, dialog.message)))
    tab.on(
        "request", lambda request: complaints.append((here, request.url)) if _leaves(request.url) else None
    )
    drawn = "[...document.querySelectorAll('.plot')].every((plot) => plot.dataset.drawn === 'yes')"
    charts = 0
    # Of the pages that are alike, those of GPUs and providers, every sixth.
    alike = [name for name in pages if name.startswith(("gpu-", "provider-"))]
    visited = [*(pages.keys() - set(alike)), *alike[::6]]
    for here in visited:
        tab.goto((hostile_site / here).as_uri())
        tab.wait_for_function(drawn)
        charts += tab.locator("figure.chart .plot svg").count()
        assert tab.evaluate("window.pwned") is None, here
        assert tab.title() != "pwned", here
        assert tab.locator("main h1").count() == 1, here
        assert tab.locator("footer").count() == 1, "what a source said ended the page"
    assert complaints == []
    assert charts > len(visited) / 2, "hostile words must reach the charts"


def _leaves(url: str) -> bool:
    return not url.startswith(("file:", "data:,"))


def test_every_page_says_what_it_may_load_and_has_no_script_but_ours(pages: dict[str, str]) -> None:
    assert "index.html" in pages
    for name, text in pages.items():
        document = html.document_fromstring(text)
        (policy,) = document.xpath("//head/meta[@http-equiv='Content-Security-Policy']/@content")
        directives = dict(directive.strip().split(" ", 1) for directive in policy.split(";"))
        assert directives["default-src"] == "'none'", name
        assert "unsafe-inline" not in directives["script-src"], name
        assert "http" not in policy, name
        for script in document.iter("script"):
            ours = script.get("src", "").startswith("assets/") or script.get("type", "").endswith("json")
            assert ours, (name, html.tostring(script)[:200])
        assert document.xpath("//@*[starts-with(name(), 'on')]") == [], name
        assert document.xpath("//iframe | //object | //embed | //form | //img | //base") == [], name


def test_every_link_leads_into_the_site_or_to_the_web(pages: dict[str, str], hostile_site: Path) -> None:
    followed = 0
    for name, text in pages.items():
        for href in html.document_fromstring(text).xpath("//@href | //@src"):
            if urlsplit(href).scheme in {"http", "https"}:
                assert urlsplit(href).hostname, (name, href)
                continue
            if href.startswith("#") or href == "data:,":
                continue
            target = (hostile_site / href.partition("#")[0]).resolve()
            assert target.is_relative_to(hostile_site) and target.is_file(), (name, href)
            followed += 1
    assert followed > len(pages)


def test_no_name_of_a_file_leaves_the_site(hostile_home: Path, hostile_site: Path) -> None:
    assert {path.name for path in hostile_home.iterdir()} == {"ledger.duckdb", "site", "warehouse.duckdb"}
    named = [path.relative_to(hostile_site).as_posix() for path in hostile_site.rglob("*") if path.is_file()]
    assert [name for name in named if not re.fullmatch(r"[a-z0-9/_.-]{1,150}", name)] == []
    assert "provider-x.html" in named


def test_a_page_shows_what_cannot_be_seen_and_cuts_what_is_too_long(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        assert OBEYED.search(text) is None, name
        assert CUT not in text, name
    assert r"\x1b[2J" in pages["quality.html"]
    assert r"\u202eevil" in pages["quality.html"]
    assert "long&lt;b&gt;xxx" in pages["quality.html"]


def test_the_feed_is_well_formed_and_holds_hostile_words_as_words(hostile_site: Path) -> None:
    text = (hostile_site / "feed.xml").read_text(encoding="utf-8")
    assert OBEYED.search(text) is None
    entries = ET.fromstring(text).findall(f"{ATOM}entry")
    said = " ".join(entry.findtext(f"{ATOM}summary") or "" for entry in entries)
    assert "<script>window.pwned = 1" in said
    assert r"\x1b[2J" in said
    assert CUT not in text
    for link in ET.fromstring(text).iter(f"{ATOM}link"):
        assert urlsplit(link.attrib["href"]).scheme in {"", "http", "https"}


@pytest.mark.parametrize("view", [view.name for view in downloads.downloadable()])
def test_no_cell_of_a_download_is_a_formula_or_moves_a_terminal(hostile_site: Path, view: str) -> None:
    csv.field_size_limit(10_000_000)
    text = (hostile_site / "downloads" / f"{view}.csv").read_text(encoding="utf-8")
    assert OBEYED.search(text) is None
    with (hostile_site / "downloads" / f"{view}.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert cells
    assert [
        cell[:40] for cell in cells if cell[:1] in tuple("=+-@\t\r\n＝＋－＠") and not _is_number(cell)
    ] == []


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell) is not None


def test_what_a_page_cuts_a_download_has_whole(hostile_site: Path) -> None:
    offers = pl.read_parquet(hostile_site / "downloads" / "latest_offers.parquet")
    assert offers["offer_key"].str.len_chars().max() > 100_000
    assert offers["offer_key"].str.contains("\x1b[2J", literal=True).any(), "Parquet holds the exact text"
