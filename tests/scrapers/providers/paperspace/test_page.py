import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from scrapers.formats.html_table import HtmlTable
from scrapers.page import Capture, Html, Notes, PageBroken, Rejected, Row
from scrapers.parse import Parsed, parse
from scrapers.providers.paperspace import page
from scrapers.providers.paperspace.simulated import answers
from scrapers.providers.paperspace.subscriptions import tier_terms
from scrapers.registry import source
from scrapers.simulation import SimulatedNight

HERE = Path(__file__).parent
SLOT = datetime(2026, 9, 21, 3, tzinfo=UTC)
PRICE_LIST = (HERE / "price-list.html").read_text(encoding="utf-8")
PLAN_CARDS = (HERE / "plan-cards.html").read_text(encoding="utf-8")


def opened(text: str, media_type: str = "text/html") -> Html:
    url = "https://docs.digitalocean.com/products/paperspace/pricing/"
    return HtmlTable().opened(Capture("paperspace.machines", url, SLOT, 200, media_type, text.encode()))


def machines(text: str, media_type: str = "text/html") -> tuple[list[Row | Rejected], Notes]:
    notes = Notes()
    return list(page.machines([opened(text, media_type)], notes)), notes


def offers(rows: Iterable[Row | Rejected]) -> dict[str, dict[str, Any]]:
    return {row.values["offer_key"]: dict(row.values) for row in rows if isinstance(row, Row)}


def terms(rows: Iterable[Row | Rejected]) -> dict[tuple[str, str], tuple[Any, str | None]]:
    """(tier, term) -> value and quote; None and None where the page is silent."""
    return {
        (row.values["tier"], row.values["term"]): (
            row.values["value_text"] if row.values["value_number"] is None else row.values["value_number"],
            row.values["quote"],
        )
        for row in rows
        if isinstance(row, Row) and row.table == "terms"
    }


def simulated(source_id: str, index: int) -> Parsed:
    slot = SLOT + timedelta(days=index)
    night = SimulatedNight(index, slot, slot + timedelta(minutes=17))
    captures = [
        Capture(source_id, answer.url, night.at, answer.status, answer.media_type, answer.body)
        for answer in answers(night)
        if answer.source == source_id and not answer.url.endswith("/robots.txt")
    ]
    return parse(source(source_id), captures, slot=slot, run_id="test")


def prices(parsed: Parsed) -> dict[str, float]:
    frame = parsed.frames["offers"]
    return dict(zip(frame["offer_key"], frame["usd_per_hour"], strict=True))


def test_a_price_is_for_the_machine_and_is_divided_by_its_gpus() -> None:
    found = offers(machines(PRICE_LIST)[0])
    eight = found["A100-80Gx8"]
    assert (eight["gpu_count"], eight["usd_per_hour"], eight["usd_per_gpu_hour"]) == (8, 25.44, 3.18)
    assert (eight["instance_type"], eight["gpu_as_shown"]) == ("A100-80G ×8", "A100-80G")
    two = found["A4000x2"]
    assert (two["gpu_count"], two["usd_per_hour"], two["usd_per_gpu_hour"]) == (2, 1.52, 0.76)
    assert {row["pricing_model"] for row in found.values()} == {"on_demand"}
    assert {row["availability"] for row in found.values()} == {"unknown"}


def test_names_that_resemble_each_other_are_different_gpus() -> None:
    found = offers(machines(PRICE_LIST)[0])
    known = {key: (row["gpu_model"], row["gpu_memory_gib"]) for key, row in found.items()}
    assert known["RTX4000"] != known["A4000"]
    assert (known["RTX4000"][1], known["A4000"][1]) == (8, 16)
    assert (known["A100"][1], known["A100-80G"][1]) == (40, 80)
    assert known["A100"][0] == known["A100-80G"][0]
    assert known["GPU+ (M4000)"][1] == 8
    assert all(row["gpu_is_known"] for row in found.values())


def test_a_row_shared_by_two_machines_is_two_offers() -> None:
    found = offers(machines(PRICE_LIST)[0])
    assert (found["V100"]["usd_per_hour"], found["V100"]["gpu_memory_gib"]) == (2.30, 16)
    assert (found["V100-32G"]["usd_per_hour"], found["V100-32G"]["gpu_memory_gib"]) == (2.30, 32)


def test_a_count_that_the_page_contradicts_is_refused_with_its_figures() -> None:
    rows, notes = machines(PRICE_LIST)
    (refused,) = [row for row in rows if isinstance(row, Rejected)]
    assert refused.reason == "$9.20/hr for 8 GPUs is not 8 times $2.30, the price of one V100-32G"
    assert json.loads(refused.record)["machine"] == "V100-32G ×8"
    assert "V100-32Gx8" not in offers(rows)
    assert notes.counts["disagreement", "V100-32G x8"] == 1


def test_a_discount_on_many_gpus_is_kept_where_the_page_promises_no_multiple() -> None:
    rows, notes = machines(re.sub("<p>The price comes from.*?</p>", "", PRICE_LIST))
    assert offers(rows)["V100-32Gx8"]["usd_per_gpu_hour"] == pytest.approx(1.15)
    assert notes.counts["disagreement", "V100-32G x8"] == 1


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        ("$2.24*/hr", "footnote"),
        ("$268/mo", "per month"),
        ("Contact sales", "not one price"),
        ("from $5.95/hr", "not one price"),
        ("€5.95/hr", "not in US dollars"),
        ("", "no amount"),
    ],
)
def test_a_price_that_is_no_price_on_demand_is_refused(shown: str, reason: str) -> None:
    rows, _ = machines(PRICE_LIST.replace("$5.95/hr", shown))
    refused = [row for row in rows if isinstance(row, Rejected) and "H100" in row.record]
    assert [reason in row.reason for row in refused] == [True]
    assert "H100" not in offers(rows)


def test_only_machines_with_a_gpu_are_offers_and_the_rest_is_no_finding() -> None:
    rows, notes = machines(PRICE_LIST)
    assert "C4" not in offers(rows)
    assert [subject for kind, subject in notes.counts if kind == "new_field"] == []


def test_what_the_page_adds_is_a_finding() -> None:
    text = PRICE_LIST.replace("<th>GPU Machine</th>", "<th>GPU Machine</th><th>Region</th>").replace(
        "<td>RTX4000</td>", "<td>RTX4000</td><td>NY2</td>"
    )
    _, notes = machines(text.replace("<th>CPU Machine</th>", "<th>TPU Machine</th>"))
    assert notes.counts["new_field", "Region"] > 0
    assert notes.counts["new_field", "table 'TPU Machine'"] == 1


def test_a_machine_nobody_has_declared_is_kept_as_shown_and_noted() -> None:
    rows, notes = machines(PRICE_LIST.replace("<td>A6000</td>", "<td>Z9000</td>"))
    unknown = offers(rows)["Z9000"]
    assert (unknown["gpu_model"], unknown["gpu_is_known"], unknown["usd_per_hour"]) == ("Z9000", False, 1.89)
    assert notes.counts["unknown_instance_type", "Z9000"] == 1
    assert notes.counts["unknown_gpu", "Z9000"] == 1


@pytest.mark.parametrize(
    "table",
    [
        "",
        "<tr><th>GPU Machine</th><th>Hourly Price</th></tr>",
        "<tr><th>GPU Machine</th><th>Rate</th></tr><tr><td>A100</td><td>$3.09/hr</td></tr>",
        "<tr><th>CPU Machine</th><th>Hourly Price</th></tr><tr><td>C4</td><td>$0.04/hr</td></tr>",
    ],
    ids=["no table", "no rows", "no price column", "no GPU machines"],
)
def test_a_page_without_machines_is_broken(table: str) -> None:
    with pytest.raises(PageBroken):
        machines(f"<body><h1>Pricing</h1><div>A100-80G $3.18/hr</div><table>{table}</table></body>")


def test_the_capture_of_2021_is_read_as_its_text_says(captures_dir: Path) -> None:
    text = (captures_dir / "paperspace" / "instance-types.2021-11-12.md").read_text(encoding="utf-8")
    lines = [line.split("|") for line in text.splitlines() if line.startswith("| **")]
    cells = [[cell.strip().replace("\\", "").strip("*") for cell in line[1:-1]] for line in lines]
    expected = {
        name: (
            float(price.strip("$/hr")),
            float(gpu.split()[0]),
            float(ram.split()[0]),
            float(cpus.split()[0]),
        )
        for name, _, gpu, ram, cpus, price in cells
        if gpu != "-"
    }
    rows, notes = machines(text, "text/markdown")
    assert len(expected) == len(rows) == 5
    assert {
        key: (row["usd_per_hour"], row["gpu_memory_gib"], row["ram_gib"], row["vcpus"])
        for key, row in offers(rows).items()
    } == expected
    assert not notes.counts


def test_plans_carry_fee_storage_and_overage() -> None:
    rows = list(page.plans([opened(PRICE_LIST)], Notes()))
    plans = {row.values["plan"]: row.values for row in rows if isinstance(row, Row) and row.table == "plans"}
    assert {name: values["usd_per_month"] for name, values in plans.items()} == {
        "Free (User Plans)": None,
        "Pro (User Plans)": 8,
        "Pro (Team Plans)": 12,
    }
    pro = plans["Pro (User Plans)"]
    assert (pro["included_units"], pro["unit"], pro["usd_per_unit"]) == (15, "GB of storage", 0.29)


def test_terms_come_from_tables_and_from_cards_with_the_words_there() -> None:
    found = terms(page.plans([opened(PRICE_LIST), opened(PLAN_CARDS)], Notes()))
    assert found == {
        ("Free", "session_hours"): (12, "Auto-shutdown (12 hour limit)"),
        ("Free", "public_only"): ("Public projects", "Public projects"),
        ("Free", "concurrent_sessions"): (None, None),
        ("Free", "overage_usd_per_gib_month"): (0.29, "Additional usage is billed at $0.29/GB/mo."),
        ("Free", "storage_gib"): (5, "Free: 5 GB"),
        ("Pro", "storage_gib"): (15, "Pro: 15 GB"),
        ("Free", "gpu_models"): ("M4000", "Free GPU (M4000): Free, Pro"),
        ("Pro", "gpu_models"): ("M4000, A4000", "Free GPU (M4000): Free, Pro; Free A4000: Pro"),
    }


def test_a_page_that_says_no_term_is_broken() -> None:
    with pytest.raises(PageBroken, match="no page says a term"):
        list(page.plans([opened("<body><h1>Welcome</h1></body>")], Notes()))


@pytest.mark.parametrize(
    ("date", "gpus", "sessions"),
    [("2019-09-12", "M4000, P5000", None), ("2020-03-24", "M4000, P5000", 1), ("2021-03-16", "M4000", 1)],
)
def test_the_free_tier_documents_of_2019_to_2021_are_read(
    captures_dir: Path, date: str, gpus: str, sessions: float | None
) -> None:
    text = (captures_dir / "paperspace" / f"free-instances.{date}.md").read_text(encoding="utf-8")
    found = terms(tier_terms([opened(text, "text/markdown")], Notes()))
    values = {name: value for (_, name), (value, _) in found.items()}
    assert values == {
        "session_hours": 6,
        "storage_gib": 5,
        "public_only": "set to public",
        "concurrent_sessions": sessions,
        "gpu_models": gpus,
        "overage_usd_per_gib_month": None,
    }
    folded = " ".join(text.replace("\\", "").replace("**", "").split())
    quotes: Sequence[str] = [
        quote for _, quote in found.values() if quote and "persistent" not in quote.lower()
    ]
    assert all(words in folded for quote in quotes for words in quote.split("; "))


def test_the_demo_cuts_a_price_and_adds_a_machine() -> None:
    before, after = prices(simulated("paperspace.machines", 19)), prices(simulated("paperspace.machines", 20))
    assert before == prices(simulated("paperspace.machines", 0))
    changed = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    assert changed == {"A100-80G": (3.18, 2.79), "A100-80Gx8": (25.44, 22.32)}
    new = simulated("paperspace.machines", 33)
    assert prices(new).keys() - prices(simulated("paperspace.machines", 32)).keys() == {"A6000x4"}
    assert not new.rejected
    assert not new.notes.counts


def test_the_demo_breaks_the_price_list_for_one_night() -> None:
    with pytest.raises(PageBroken):
        simulated("paperspace.machines", 44)
    assert prices(simulated("paperspace.machines", 45)) == prices(simulated("paperspace.machines", 43))
    assert simulated("paperspace.plans", 44).frames["plans"].height == 6


@pytest.mark.parametrize("source_id", ["paperspace.machines", "paperspace.plans"])
def test_a_night_of_the_demo_is_a_good_night(source_id: str) -> None:
    parsed = simulated(source_id, 0)
    assert source(source_id).declared.good
    for table, good in source(source_id).declared.good.items():
        assert parsed.frames[table].height >= good.rows_at_least
        for column, values in good.must_have.items():
            assert set(values) <= set(parsed.frames[table][column])


@pytest.mark.parametrize("index", [0, 44, 59])
def test_the_demo_answers_robots_and_says_that_it_is_simulated(index: int) -> None:
    found = list(answers(SimulatedNight(index, SLOT, SLOT + timedelta(minutes=17))))
    asked = {(answer.source, urlsplit(answer.url).hostname) for answer in found}
    robots = [answer for answer in found if urlsplit(answer.url).path == "/robots.txt"]
    assert {(answer.source, urlsplit(answer.url).hostname) for answer in robots} == asked
    pages = [answer.body for answer in found if answer.media_type == "text/html"]
    assert pages
    assert all(b"<strong>Simulated page</strong>" in body for body in pages)
