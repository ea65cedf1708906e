from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scrapers.formats.html_table import HtmlTable
from scrapers.page import Capture, PageBroken, PageTable
from scrapers.page.capture import Role

HTML = b"""<!doctype html><html><body>
<h1>Prices</h1>
<h2>GPU machines</h2>
<table>
  <thead><tr><th>Machine</th><th>Price<sup>1</sup></th></tr></thead>
  <tbody>
    <tr><td><strong>A4000</strong></td><td>$0.76&nbsp;/hr</td></tr>
    <tr><td>GPU+ (M4000)</td><td></td></tr>
  </tbody>
</table>
<h2>Retired</h2>
<table><tr><th>Machine</th><th>Price</th></tr></table>
<table><tr><td>layout</td></tr></table>
<script>const copy = "<table><tr><th>not a table</th></tr></table>"</script>
</body></html>"""
MARKDOWN = rb"""---
description: Prices
---

# Prices

## GPU machines

| Machine | Price |
| :--- | ---: |
| **A4000** | $0.76 /hr |
| GPU+ \(M4000\) | |
"""


def capture(body: bytes, media_type: str = "text/html", url: str = "", role: Role = "response") -> Capture:
    return Capture(
        "acme.prices",
        url or "https://acme.example/prices",
        datetime(2026, 11, 20, 3, 17, tzinfo=UTC),
        200,
        media_type,
        body,
        role,
    )


def tables(body: bytes, media_type: str = "text/html", url: str = "") -> tuple[PageTable, ...]:
    return HtmlTable().opened(capture(body, media_type, url)).tables


def test_a_table_is_read_with_the_heading_above_it() -> None:
    prices, _ = tables(HTML)
    assert prices.heading == "GPU machines"
    assert list(prices.records()) == [
        {"Machine": "A4000", "Price 1": "$0.76 /hr"},
        {"Machine": "GPU+ (M4000)", "Price 1": ""},
    ]


def test_an_empty_table_is_a_table_without_rows() -> None:
    _, retired = tables(HTML)
    assert (retired.heading, retired.headers, retired.rows) == ("Retired", ("Machine", "Price"), ())


@pytest.mark.parametrize(
    ("media_type", "url"),
    [("text/markdown", ""), ("text/plain", "https://acme.example/prices/index.html.md")],
)
def test_the_markdown_twin_reads_like_the_page(media_type: str, url: str) -> None:
    (prices,) = tables(MARKDOWN, media_type, url)
    assert prices.heading == "GPU machines"
    assert prices.headers == ("Machine", "Price")
    assert prices.rows == (("A4000", "$0.76 /hr"), ("GPU+ (M4000)", ""))


@pytest.mark.parametrize("body", [b"", b" \n\t "])
def test_an_empty_answer_is_a_broken_page(body: bytes) -> None:
    with pytest.raises(PageBroken, match=r"https://acme\.example/prices answered an empty page"):
        HtmlTable().documents([capture(body)])


def test_a_page_of_prose_has_no_tables_and_keeps_its_words() -> None:
    page = HtmlTable().opened(
        capture(b"<body><h2>Limits</h2><p>At most <b>12</b> hours.</p><div>Cards</div>")
    )
    assert page.tables == ()
    assert page.blocks == ("Limits", "At most 12 hours.")
    assert page.texts == ("Limits", "At most", "12", "hours.", "Cards")
    assert page.loose_texts == ("Cards",)


def test_only_responses_are_pages() -> None:
    robots = capture(b"User-agent: *", "text/plain", role="robots")
    assert HtmlTable().documents([robots]) == []


@pytest.mark.parametrize("cut", [b".76", b"</tr>", b"</table>"])
def test_a_page_that_ends_inside_a_table_is_broken(cut: bytes) -> None:
    with pytest.raises(PageBroken, match="breaks off in the middle of a table"):
        HtmlTable().opened(capture(HTML.partition(cut)[0]))


@pytest.mark.parametrize(
    ("head", "charset", "encoding"),
    [
        ("", "iso-8859-1", "latin-1"),
        ('<meta charset="iso-8859-1">', "", "latin-1"),
        ("", "iso-8859-1", "utf-8"),
        ("", "no-such-charset", "utf-8"),
        ("", "", "utf-16"),
    ],
)
def test_a_page_is_read_in_its_own_charset_whatever_it_says(head: str, charset: str, encoding: str) -> None:
    body = f"<html><head>{head}</head><body><p>Zürich, £2</p></body></html>".encode(encoding)
    page = HtmlTable().opened(replace(capture(body), charset=charset))
    assert page.blocks == ("Zürich, £2",)


def test_bytes_of_no_charset_are_marked_as_lost() -> None:
    page = HtmlTable().opened(replace(capture("<p>Zürich</p>".encode("latin-1")), charset="utf-8"))
    assert page.blocks == ("Z\ufffdrich",)


def test_json_in_place_of_a_page_has_no_tables() -> None:
    assert tables(b'{"offers": []}', "application/json") == ()
