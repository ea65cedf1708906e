from collections.abc import Callable
from typing import Any

import pytest

from scrapers.page import Html, PageBroken
from scrapers.providers.deepnote import page

NAVIGATION = "<nav><a>Team</a><a>Enterprise</a></nav>"
FREE = "<h3>Free</h3><p>$0</p><p>Machine with 5 GB RAM, 2 vCPU</p><p>No GPU here.</p>"
TEAM = "<h3>Team</h3><p>$39 per editor per month</p><p>$31.20 per editor billed annually</p>"
ENTERPRISE = "<h3>Enterprise</h3><p>Talk to us</p>"


@pytest.fixture
def read(html: Callable[..., Html], answered: Any) -> Callable[..., Any]:
    return lambda *parts: answered(page.plans, [html(f"<body>{''.join(parts)}</body>")])


def test_a_price_is_monthly_and_the_yearly_one_beside_it_is_not_taken(read: Callable[..., Any]) -> None:
    for cards in (
        TEAM,
        TEAM.replace("$39 per editor per month</p><p>", "").replace("</p>", "</p><p>$39 / editor</p>"),
    ):
        found = read(FREE, cards, ENTERPRISE)
        assert found.plans["Team"]["usd_per_month"] == 39.0


@pytest.mark.parametrize(
    "yearly",
    [
        "$31.20 per editor / month billed annually",
        "$31.20 per editor per month, billed annually",
        "$31.20 / editor / month (billed annually)",
        "$31.20 per editor when billed yearly",
    ],
)
def test_a_yearly_price_is_never_the_monthly_one(read: Callable[..., Any], yearly: str) -> None:
    first = read(FREE, f"<h3>Team</h3><p>{yearly}</p><p>$39 per editor / month</p>")
    assert first.plans["Team"]["usd_per_month"] == 39.0
    alone = read(FREE, f"<h3>Team</h3><p>{yearly}</p>")
    assert [refused.reason for refused in alone.refused] == ["the card of Team shows no monthly price"]
    assert "Team" not in alone.plans


@pytest.mark.parametrize("words", ["$50 of GPU per month", "$50 of GPU credits", "$50 GPU credits"])
def test_credits_are_those_of_gpus(read: Callable[..., Any], words: str) -> None:
    team = TEAM + f"<p>$39 of AI credits per month</p><p>$280 of CPU per month</p><p>{words}</p>"
    assert read(FREE, team).terms["Team", "credit_usd"]["value_number"] == 50


def test_free_is_said_to_be_zero_and_a_contract_has_no_price(read: Callable[..., Any]) -> None:
    found = read(FREE, TEAM, ENTERPRISE)
    assert found.plans["Free"]["usd_per_month"] == 0.0
    assert found.plans["Enterprise"]["usd_per_month"] is None
    assert found.plans["Enterprise"]["price_as_shown"] == "by contract"


def test_terms_are_those_of_their_own_card(read: Callable[..., Any]) -> None:
    found = read(FREE, TEAM.replace("</p>", "</p><p>$50 of GPU credits</p>", 1)).terms
    assert (found["Free", "ram_gib"]["value_number"], found["Free", "vcpus"]["value_number"]) == (5, 2)
    assert found["Free", "gpu_models"]["state"] == "absent"
    assert found["Team", "credit_usd"]["value_number"] == 50


def test_what_a_card_does_not_say_is_unknown(read: Callable[..., Any]) -> None:
    found = read("<h3>Free</h3><p>$0</p>", TEAM).terms
    assert {row["state"] for row in found.values()} == {"unknown"}


def test_a_name_in_the_navigation_is_no_card(read: Callable[..., Any]) -> None:
    assert read(NAVIGATION, FREE, TEAM, ENTERPRISE).plans["Team"]["usd_per_month"] == 39.0


def test_a_card_without_its_price_is_refused(read: Callable[..., Any]) -> None:
    found = read(FREE, "<h3>Team</h3><p>Ask us</p>")
    assert [refused.reason for refused in found.refused] == ["the card of Team shows no monthly price"]


@pytest.mark.parametrize("text", ["<p>Soon.</p>", "<h3>Free</h3><p>for ever</p><h3>Team</h3>"])
def test_a_page_without_a_price_is_broken(read: Callable[..., Any], text: str) -> None:
    with pytest.raises(PageBroken, match="shows no price"):
        read(text)
