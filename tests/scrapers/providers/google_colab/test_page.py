import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl
import pytest

from scrapers.page import Capture, Html, Notes, PageBroken, Rejected, Row
from scrapers.page.capture import Role
from scrapers.parse import Parsed, parse
from scrapers.providers.google_colab import page
from scrapers.providers.google_colab.simulated import PLANS, SCRIPT, SIGNUP, answers
from scrapers.registry import source
from scrapers.simulation import SimulatedNight

HERE = Path(__file__).parent
SLOT = datetime(2026, 9, 21, 3, tzinfo=UTC)
RENDERED = (HERE / "signup.rendered.html").read_text(encoding="utf-8")
FAQ = (HERE / "faq.html").read_text(encoding="utf-8")


def opened(text: str) -> Html:
    at = datetime(2026, 11, 20, 3, 17, tzinfo=UTC)
    return Html(Capture("google_colab.plans", SIGNUP, at, 200, "text/html", text.encode()), text)


def signup(text: str) -> tuple[list[Row | Rejected], Notes]:
    notes = Notes()
    return list(page.plans([opened(text)], notes)), notes


def plans(rows: Iterable[Row | Rejected]) -> dict[str, dict[str, Any]]:
    read_rows = (row.values for row in rows if isinstance(row, Row) and row.table == "plans")
    return {values["plan"]: dict(values) for values in read_rows}


def terms(rows: Iterable[Row | Rejected]) -> dict[tuple[str, str], dict[str, Any]]:
    read_rows = (row.values for row in rows if isinstance(row, Row) and row.table == "terms")
    return {(values["tier"], values["term"]): dict(values) for values in read_rows}


def faq(text: str) -> dict[tuple[str, str], dict[str, Any]]:
    return terms(page.free_tier([opened(text)], Notes()))


def rendered(shell: bytes, plans_json: bytes) -> bytes:
    """The document as the simulated page's script leaves it."""
    cards = "".join(
        f"<section><h2>{escape(plan['name'])}</h2>"
        + "".join(f"<div>{escape(line)}</div>" for line in plan["lines"])
        + "</section>"
        for plan in json.loads(plans_json)["plans"]
    )
    return shell.replace(b'<main id="plans">', b'<main id="plans">' + cards.encode())


def simulated(source_id: str, index: int) -> Parsed:
    slot = SLOT + timedelta(days=index)
    night = SimulatedNight(index, slot, slot + timedelta(minutes=17))
    answered = {answer.url: answer for answer in answers(night) if answer.source == source_id}
    bodies: dict[tuple[str, Role], bytes] = {
        (url, "response"): answer.body for url, answer in answered.items() if not url.endswith("/robots.txt")
    }
    if source_id == "google_colab.plans":
        bodies[SIGNUP, "rendered"] = rendered(answered[SIGNUP].body, answered[PLANS].body)
    captures = [
        Capture(source_id, url, night.at, 200, "text/html", body, role)
        for (url, role), body in bodies.items()
    ]
    return parse(source(source_id), captures, slot=slot, run_id="test")


def frame_term(parsed: Parsed, tier: str, name: str) -> dict[str, Any]:
    wanted = (pl.col("tier") == tier) & (pl.col("term") == name)
    return parsed.frames["terms"].filter(wanted).row(0, named=True)


def test_plans_are_found_by_their_names_and_not_by_classes() -> None:
    rows, notes = signup(RENDERED)
    found = {
        name: (row.get("usd_per_month"), row.get("usd_once"), row["included_units"], row["price_as_shown"])
        for name, row in plans(rows).items()
    }
    assert found == {
        "Pay As You Go (100 compute units)": (None, 9.99, 100, "$9.99 for 100 Compute Units"),
        "Pay As You Go (500 compute units)": (None, 49.99, 500, "$49.99 for 500 Compute Units"),
        "Colab Pro": (9.99, None, 100, "$9.99 per month"),
        "Colab Pro+": (49.99, None, 500, "$49.99 per month"),
    }
    assert not notes.counts


def test_units_have_a_price_and_an_expiry() -> None:
    found = plans(signup(RENDERED)[0])
    assert found["Pay As You Go (100 compute units)"]["usd_per_unit"] == pytest.approx(0.0999)
    assert {row["unit_days"] for row in found.values()} == {90}
    assert {row["unit"] for row in found.values()} == {"compute units"}


def test_the_terms_of_a_plan_are_quoted_from_its_own_card() -> None:
    found = terms(signup(RENDERED)[0])
    units = found["Colab Pro+", "compute_units"]
    assert (units["value_number"], units["state"]) == (500, "present")
    assert units["quote"].endswith("for a total of 500 per month")
    assert found["Colab Pro", "compute_units"]["value_number"] == 100
    background = found["Colab Pro+", "background_hours"]
    assert background["value_number"] == 24
    assert background["quote"] == "Background execution keeps a notebook running for up to 24 hours."
    assert found["Pay As You Go", "unit_days"]["value_number"] == 90


def test_prices_of_another_country_are_kept_as_shown_and_never_become_dollars() -> None:
    japan = RENDERED.replace("$9.99", "¥1,179").replace("$49.99", "¥5,767")
    rows, notes = signup(japan)
    pro = plans(rows)["Colab Pro"]
    assert (pro["currency"], pro["usd_per_month"], pro["price_as_shown"]) == ("JPY", None, "¥1,179 per month")
    package = plans(rows)["Pay As You Go (500 compute units)"]
    assert (package["currency"], package["usd_once"], package["usd_per_unit"]) == ("JPY", None, None)
    assert package["included_units"] == 500
    assert notes.counts["disagreement", "currency"] == 4


@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        ("$49.99</span> <span>per month", "$499.90</span> <span>per year", "no price per month"),
        ("$49.99</span>", "₹4,200</span>", "names no known currency"),
    ],
)
def test_a_card_without_a_readable_price_is_refused(right: str, wrong: str, reason: str) -> None:
    rows, _ = signup(RENDERED.replace(right, wrong))
    (refused,) = [row for row in rows if isinstance(row, Rejected)]
    assert reason in refused.reason
    assert json.loads(refused.record)["plan"] == "Colab Pro+"
    assert "Colab Pro+" not in plans(rows)


def test_a_plan_that_is_gone_is_noted_and_its_terms_are_unknown() -> None:
    rows, notes = signup(RENDERED.replace("Colab Pro<sup>+</sup>", "Colab Ultra"))
    assert notes.counts["missing_field", "Colab Pro+"] == 1
    assert terms(rows)["Colab Pro+", "background_hours"]["state"] == "unknown"


def test_a_page_without_plans_is_broken() -> None:
    with pytest.raises(PageBroken, match="shows none of the plans"):
        signup("<body><h1>Sign in</h1><p>to continue to Colab</p></body>")


def test_the_faq_is_read_with_the_sentence_behind_each_term() -> None:
    found = faq(FAQ)
    hours = found["Free", "session_hours"]
    assert (hours["value_number"], hours["unit"], hours["state"]) == (12, "hours", "present")
    assert hours["quote"] == (
        "In the version of Colab that is free of charge notebooks can run for at most 12 hours."
    )
    gpus = found["Free", "gpu_models"]
    assert gpus["value_text"] == "K80, T4, P4, P100"
    assert gpus["quote"] == "The GPUs available in Colab often include Nvidia K80s, T4s, P4s and P100s."
    assert found["Colab Pro+", "background_hours"]["value_number"] == 24


def test_an_idle_timeout_without_minutes_is_words_and_never_a_number() -> None:
    idle = faq(FAQ)["Free", "idle_minutes"]
    assert (idle["state"], idle["value_number"], idle["unit"]) == ("present", None, None)
    assert idle["value_text"] == "time out if you are idle"


def test_what_the_faq_denies_is_absent_and_what_it_leaves_out_is_unknown() -> None:
    found = faq(FAQ)
    assert (found["Free", "guaranteed"]["state"], found["Free", "guaranteed"]["value_text"]) == (
        "absent",
        None,
    )
    assert "not guaranteed" in found["Free", "guaranteed"]["quote"]
    assert found["Free", "background_hours"]["state"] == "unknown"
    silent = faq(re.sub("<p>Colab resources are.*?</p>", "", FAQ))["Free", "guaranteed"]
    assert (silent["state"], silent["quote"]) == ("unknown", None)


def test_gpus_that_are_not_named_leave_the_words_that_say_so() -> None:
    unnamed = re.sub("The GPUs available in Colab often.*?P100s\\.", "", FAQ, flags=re.DOTALL)
    gpus = faq(unnamed)["Free", "gpu_models"]
    assert (gpus["state"], gpus["value_text"]) == (
        "present",
        "types of GPUs that are available vary over time",
    )


def test_two_limits_that_differ_are_a_finding() -> None:
    notes = Notes()
    text = FAQ.replace("</body>", "<p>Free notebooks run at most 9 hours.</p></body>")
    found = terms(page.free_tier([opened(text)], notes))
    assert found["Free", "session_hours"]["value_number"] == 12
    assert notes.details["disagreement", "session_hours"] == "Free: 12, 9"


def test_a_faq_of_other_words_is_broken() -> None:
    with pytest.raises(PageBroken, match="none of the known terms"):
        faq("<body><h1>Help</h1><p>Ask the community.</p></body>")


def test_the_demo_page_needs_a_browser() -> None:
    night = SimulatedNight(0, SLOT, SLOT + timedelta(minutes=17))
    served = {answer.url: answer.body.decode() for answer in answers(night)}
    assert "$" not in served[SIGNUP]
    assert "compute units" not in served[SIGNUP].lower()
    assert "Simulated page" in served[SIGNUP]
    assert SCRIPT.removeprefix("https://colab.research.google.com") in served[SIGNUP]
    assert PLANS.removeprefix("https://colab.research.google.com") in served[SCRIPT]


def test_the_demo_gives_pro_plus_more_units() -> None:
    before, after = simulated("google_colab.plans", 14), simulated("google_colab.plans", 15)
    units = [
        dict(zip(p.frames["plans"]["plan"], p.frames["plans"]["included_units"], strict=True))
        for p in (before, after)
    ]
    assert {
        name: (units[0][name], units[1][name]) for name in units[0] if units[0][name] != units[1][name]
    } == {"Colab Pro+": (500, 600)}
    assert frame_term(after, "Colab Pro+", "compute_units")["value_number"] == 600


def test_the_demo_faq_loses_a_gpu_and_later_falls_silent_on_idling() -> None:
    nights = {index: simulated("google_colab.free_tier", index) for index in (0, 27, 28, 49, 50)}
    gpus = {index: frame_term(parsed, "Free", "gpu_models")["value_text"] for index, parsed in nights.items()}
    assert gpus == {0: "T4, P100", 27: "T4, P100", 28: "T4", 49: "T4", 50: "T4"}
    idle = {index: frame_term(parsed, "Free", "idle_minutes")["state"] for index, parsed in nights.items()}
    assert idle == {0: "present", 27: "present", 28: "present", 49: "present", 50: "unknown"}
    assert {frame_term(parsed, "Free", "session_hours")["value_number"] for parsed in nights.values()} == {12}
    assert frame_term(nights[0], "Free", "background_hours")["state"] == "absent"


@pytest.mark.parametrize("source_id", ["google_colab.plans", "google_colab.free_tier"])
def test_a_night_of_the_demo_is_a_good_night(source_id: str) -> None:
    parsed = simulated(source_id, 0)
    assert not parsed.rejected
    assert not parsed.notes.counts
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
