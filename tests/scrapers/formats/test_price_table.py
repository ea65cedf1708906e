"""A price table is read as its declaration says, and what the declaration does not know is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scrapers import registry
from scrapers.declaration import DeclarationError
from scrapers.formats.price_table import PriceTable
from scrapers.page import Capture, PageBroken
from scrapers.parse import Parsed, parse
from scrapers.registry import Source, load_provider

AT = datetime(2026, 11, 20, 3, 17, tzinfo=UTC)
PROVIDER = """
title = "Acme GPUs"
kind = "cloud"
status = "active"
homepage = "https://acme.example"

[source.prices]
title = "Prices"
format = "price_table"
good.offers.rows_at_least = 1

[[source.prices.request]]
url = "https://acme.example/prices"

[source.prices.table]
ignored = ["Notes"]
left_out = { "GPU" = "none" }

[source.prices.table.columns]
"Machine" = { column = "instance_type" }
"GPU" = { column = "gpu_as_shown", pattern = '(?:(?P<gpu_count>\\d+)x )?(?P<gpu_as_shown>.+)' }
"RAM" = { column = "ram_gib", unit = "GB" }
"Region" = { column = "region" }
"Price" = { column = "usd_per_hour", pricing_model = "on_demand", not_stated = ["Contact us"] }
"Spot" = { column = "usd_per_gpu_hour", unit = "minute", pricing_model = "spot" }
"""
HEADERS = ("Machine", "GPU", "RAM", "Region", "Price", "Spot", "Notes")
LARGE = ("large", "2x Fast H100", "128", "north", "$4.00 per hour", "0.02", "")
COLUMNS = PROVIDER.partition("[source.prices.table]")[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The provider's folder, which lookups find too."""
    own = tmp_path / "acme_of_tables"
    own.mkdir()
    (own / "__init__.py").touch()
    (own / "gpus.toml").write_text('[gpus]\n"Fast H100" = "H100"\n', encoding="utf-8")
    (own / "regions.toml").write_text('[country]\nnorth = "NO"\n', encoding="utf-8")
    monkeypatch.setattr(registry._package, "__path__", [*registry._package.__path__, str(tmp_path)])
    return own


@pytest.fixture
def prices(folder: Path) -> Source:
    return declared(folder)


def declared(folder: Path, *changes: tuple[str, str]) -> Source:
    text = PROVIDER
    for right, wrong in changes:
        assert right in text
        text = text.replace(right, wrong)
    (folder / "provider.toml").write_text(text, encoding="utf-8")
    return load_provider(folder).sources["prices"]


def table(*rows: tuple[str, ...], headers: tuple[str, ...] = HEADERS, heading: str = "Prices") -> str:
    head = "".join(f"<th>{header}</th>" for header in headers)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<h2>{heading}</h2><table><tr>{head}</tr>{body}</table>"


def read(source: Source, page: str) -> Parsed:
    url = "https://acme.example/prices"
    capture = Capture(source.id, url, AT, 200, "text/html", f"<body>{page}</body>".encode())
    return parse(source, [capture], slot=AT, run_id="r")


def offers(parsed: Parsed) -> dict[str, dict[str, Any]]:
    return {row["pricing_model"]: row for row in parsed.frames["offers"].to_dicts()}


def test_each_price_of_a_row_is_an_offer_of_the_whole_machine_for_an_hour(prices: Source) -> None:
    parsed = read(prices, table(LARGE))
    found = offers(parsed)
    assert {row["offer_key"] for row in found.values()} == {"north:large"}
    on_demand, spot = found["on_demand"], found["spot"]
    assert (on_demand["usd_per_hour"], on_demand["usd_per_gpu_hour"], on_demand["gpu_count"]) == (4.0, 2.0, 2)
    # 0.02 USD a minute and GPU.
    assert (spot["usd_per_gpu_hour"], spot["usd_per_hour"]) == (1.2, 2.4)
    assert (on_demand["price_as_shown"], spot["price_as_shown"]) == ("$4.00 per hour", "0.02")
    assert (parsed.rejected, parsed.notes.counts) == ([], {})


def test_names_go_through_the_providers_lookups_and_sizes_through_their_unit(prices: Source) -> None:
    row = offers(read(prices, table(LARGE)))["on_demand"]
    assert (row["gpu_model"], row["gpu_as_shown"], row["gpu_is_known"]) == ("H100", "Fast H100", True)
    assert (row["ram_gib"], row["region"], row["country"]) == (128.0, "north", "NO")


def test_a_header_a_cell_and_words_that_nobody_declared_are_findings(prices: Source) -> None:
    odd = ("odd", "H999", "1 TB", "moon", "$9", "$0.1", "", "gold", "beyond")
    parsed = read(prices, table(odd, headers=(*HEADERS, "SLA")))
    assert dict(parsed.notes.counts) == {
        ("new_field", "SLA"): 1,
        ("new_field", "cell 9 without a header"): 1,
        ("unknown_gpu", "H999"): 1,
        ("unknown_region", "moon"): 1,
    }
    assert parsed.frames["offers"].height == 2


def test_a_row_out_of_scope_is_left_out_and_a_price_that_is_not_stated_is_unknown(prices: Source) -> None:
    small = ("small", "none", "8", "north", "$0.10", "0.001", "")
    parsed = read(prices, table(small, (*LARGE[:4], "Contact us", "0.02", "")))
    found = offers(parsed)
    assert (len(found), found["on_demand"]["usd_per_hour"]) == (2, None)
    assert found["on_demand"]["price_as_shown"] == "Contact us"


@pytest.mark.parametrize(
    ("place", "cell", "reason"),
    [
        (4, "$2,976 per month", "is per month, expected per hour"),
        (4, "from $4.00", "is not one price"),
        (4, "€4.00", "is in EUR, expected USD"),
        (4, "$4.00*", "has a footnote"),
        (4, "soon", "holds no amount"),
        (1, "0x H100", "'0' is not a number of GPUs"),
        (2, "much", "is not a memory size"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_and_the_others_are_not(
    prices: Source, place: int, cell: str, reason: str
) -> None:
    wrong = (*LARGE[:place], cell, *LARGE[place + 1 :])
    parsed = read(prices, table(("other", *LARGE[1:]), wrong))
    (rejected,) = parsed.rejected
    assert reason in rejected.reason
    assert cell in rejected.record
    assert parsed.frames["offers"].height == 2


def test_a_short_row_is_refused(prices: Source) -> None:
    parsed = read(prices, table(LARGE, LARGE[:3]))
    assert [rejected.reason for rejected in parsed.rejected] == ["field Region is missing"]


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("<p>Soon.</p>", "no table with the columns Machine, GPU, RAM, Region, Price, Spot"),
        (table(LARGE, headers=("Machine", "GPU", "RAM", "Region", "Cost", "Spot", "Notes")), "no table with"),
        (table(), "is empty"),
        (table(LARGE, headers=(*HEADERS[:6], "Price")), "two columns Price"),
        (table(("small", "none", "8", "north", "$0.10", "0.001", "")), "no row that is not left out"),
    ],
    ids=["no table", "a column renamed", "no rows", "a column twice", "nothing in scope"],
)
def test_a_page_without_the_declared_table_is_broken(prices: Source, page: str, reason: str) -> None:
    with pytest.raises(PageBroken, match=reason):
        read(prices, page)


BY_HEADING = (
    ("[source.prices.table]\n", '[source.prices.table]\npricing_models = { "On demand" = "on_demand" }\n'),
    ('pricing_model = "on_demand", ', ""),
    ('"Spot" = { column = "usd_per_gpu_hour", unit = "minute", pricing_model = "spot" }\n', ""),
)


def test_a_heading_can_tell_how_its_table_is_sold(folder: Path) -> None:
    source = declared(folder, *BY_HEADING)
    parsed = read(source, table(LARGE, heading="GPUs on demand") + table(LARGE, heading="Reserved"))
    assert list(offers(parsed)) == ["on_demand"]
    assert parsed.frames["offers"].height == 1
    assert parsed.notes.counts["new_field", "table 'Reserved'"] == 1


def test_a_table_under_its_heading_without_a_column_breaks_the_page_and_one_that_is_gone_is_told(
    folder: Path,
) -> None:
    two = BY_HEADING[0][1].replace("}", ', "Spot" = "spot" }')
    source = declared(folder, (BY_HEADING[0][0], two), *BY_HEADING[1:])
    whole = table(LARGE, heading="On demand")
    without = table(LARGE, heading="Spot", headers=(*HEADERS[:4], "Cost", "Spot", "Notes"))
    with pytest.raises(PageBroken, match="table 'Spot' has no column Price"):
        read(source, whole + without)
    assert read(source, whole).notes.counts["missing_field", "table 'Spot'"] == 1


def test_a_price_in_another_currency_is_kept_as_shown_and_never_converted(folder: Path) -> None:
    source = declared(folder, ('not_stated = ["Contact us"]', 'currency = "EUR"'))
    row = offers(read(source, table((*LARGE[:4], "€4,00", *LARGE[5:]))))["on_demand"]
    assert (row["usd_per_hour"], row["price_as_shown"], row["currency"]) == (None, "€4,00", "EUR")


def test_such_a_source_needs_no_page_and_asks_nothing_further(prices: Source) -> None:
    assert not PriceTable().has_follow(prices)


@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        (
            'format = "price_table"',
            'format = "html_table"',
            "table is that of a source of format price_table",
        ),
        (f"[source.prices.table]{COLUMNS}", "", "which needs one"),
        ('"instance_type"', '"machine"', "instance_type"),
        ("(?P<gpu_as_shown>.+)", "(.+", "not a regular expression"),
        ("?P<gpu_as_shown>", "?P<gpu>", "cannot be read as columns: gpu"),
        ('unit = "minute"', 'unit = "month"', "day or hour or minute or second"),
        ('unit = "GB"', 'unit = "hour"', "unit of ram_gib"),
        ('pricing_model = "spot"', 'pricing_model = "cheap"', "a pricing model is one of"),
        (', pricing_model = "spot"', "", "each price needs a pricing_model"),
        ('pricing_model = "spot"', 'pricing_model = "on_demand"', "two pricing models"),
        ("left_out = {", 'pricing_models = { "x" = "spot" }\nleft_out = {', "not by both"),
        ('"GPU" = "none"', '"Colour" = "none"', "names 'Colour'"),
        ('"instance_type" }', '"instance_type", not_stated = ["-"] }', "are for prices"),
    ],
)
def test_a_wrong_table_is_refused_when_it_is_declared(
    folder: Path, right: str, wrong: str, reason: str
) -> None:
    with pytest.raises(DeclarationError, match=reason):
        declared(folder, (right, wrong))


def test_a_table_without_gpus_or_prices_is_refused(folder: Path) -> None:
    with pytest.raises(DeclarationError, match="must give gpu_as_shown"):
        declared(folder, ("(?P<gpu_as_shown>.+)", ".+"), ('"gpu_as_shown"', '"vcpus"'))
