"""Google Colab: the plans of its sign-up page and the limits of the free tier in its FAQ.

https://colab.research.google.com/signup shows its plans only after its scripts have run, in the currency of
the visitor's country, under class names that change with every build: a plan is found by its name standing
alone in a piece of text. https://research.google.com/colaboratory/faq.html is static prose. It prints no
minutes for the idle timeout and no compute units per GPU-hour, so neither is a number here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scrapers.page import (
    Capture,
    Html,
    Notes,
    PageBroken,
    Price,
    Prose,
    Record,
    Rejected,
    Row,
    Saying,
    Unreadable,
    each,
    gpu_names,
    plan,
    price,
    source_page,
    terms_said,
)

_PREPAID = "Pay As You Go"
_PLANS = (_PREPAID, "Colab Pro", "Colab Pro+")
# A card of these ends the card before it; Enterprise is billed by Google Cloud, not in compute units.
_OUT_OF_SCOPE = ("Colab Enterprise",)
_MONEY = r"(?P<price>(?:[A-Z]{0,3}[$€£¥₹₩] ?\d[\d.,]*|\d[\d.,]* ?(?:[€£¥₹₩]|[A-Z]{3}\b)))"
_PACKAGE = re.compile(_MONEY + r" for (?P<units>\d[\d,]*) (?i:compute units)")
_FEE = re.compile(_MONEY + r" ?(?:/|per) ?month")
_UNITS_A_MONTH = (
    r"total of (?P<value>\d[\d,]*) (?:compute units )?per month",
    r"(?P<value>\d[\d,]*) compute units per month",
)
_UNIT_DAYS = r"compute units expire after (?P<value>\d+) days"
_UNIT = "compute units"

_CARD_SAYINGS = (
    Saying(_PREPAID, "unit_days", (_UNIT_DAYS,), unit="days"),
    Saying("Colab Pro", "compute_units", _UNITS_A_MONTH, unit="compute units a month"),
    Saying("Colab Pro", "unit_days", (_UNIT_DAYS,), unit="days"),
    Saying("Colab Pro+", "compute_units", _UNITS_A_MONTH, unit="compute units a month"),
    Saying("Colab Pro+", "unit_days", (_UNIT_DAYS,), unit="days"),
    Saying("Colab Pro+", "background_hours", (r"for up to (?P<value>\d+) ?(?:hours|hrs)",), unit="hours"),
)
_FAQ_SAYINGS = (
    Saying(
        "Free",
        "session_hours",
        (r"at most (?P<value>\d+) hours", r"lifetimes that can be as much as (?P<value>\d+) hours"),
        unit="hours",
    ),
    Saying(
        "Free",
        "idle_minutes",
        (
            r"idle for (?P<value>\d+) minutes",
            "time out if you are idle",
            "disconnect from VMs when left idle for too long",
        ),
        unit="minutes",
    ),
    Saying(
        "Free",
        "gpu_models",
        (r"GPUs available in Colab often include (?P<value>[^.]+)", r"types of GPUs\b[^.]* vary over time"),
        reads=gpu_names,
    ),
    Saying("Free", "guaranteed", ("resources are guaranteed",), denies="resources are not guaranteed"),
    Saying("Free", "background_hours", denies=r"background execution is (?:only available|available only)"),
    Saying(
        "Colab Pro+",
        "background_hours",
        (r"Pro\+ .*\b(?:background|continuous code) execution for up to (?P<value>\d+) hours",),
        unit="hours",
    ),
)


@source_page(Html)
def plans(pages: Sequence[Html], notes: Notes) -> Iterator[Row | Rejected]:
    """Plans and prepaid packages, and what their cards say of compute units and background execution."""
    for page in pages:
        yield from _plans(page, notes)


@source_page(Html)
def free_tier(pages: Sequence[Html], notes: Notes) -> Iterator[Row]:
    """Terms of the free tier, and the one limit of Pro+ that the FAQ sets beside it."""
    prose = [Prose.of_page(page) for page in pages]
    terms = list(terms_said(prose, _FAQ_SAYINGS, notes))
    if all(row.values["state"] == "unknown" for row in terms):
        raise PageBroken("the FAQ says none of the known terms in words that are known")
    yield from terms


def _plans(page: Html, notes: Notes) -> Iterator[Row | Rejected]:
    cards = _cards(page)
    if not cards:
        raise PageBroken(f"{page.capture.url} shows none of the plans {', '.join(_PLANS)}")
    for name in _PLANS:
        if name not in cards:
            notes.add("missing_field", name, "no card of this plan")

    records = ({"plan": name, "card": " ".join(texts)} for name, texts in cards.items())
    yield from each(records, _plan, notes, table="plans", capture=page.capture)
    for saying in _CARD_SAYINGS:
        texts = cards.get(saying.tier, [])
        prose = Prose.of(page.capture, [*texts, " ".join(texts)])
        yield from terms_said([prose], [saying], notes)


def _plan(capture: Capture, record: Record, notes: Notes) -> Iterator[Row]:
    name, text = record.take("plan"), record.take("card")
    columns = _packages(text, notes) if name == _PREPAID else _subscription(name, text, notes)
    days = re.search(_UNIT_DAYS, text, re.IGNORECASE)
    for column in columns:
        unit_days = int(days["value"]) if days else None
        yield plan(capture, unit=_UNIT, unit_days=unit_days, **column)


def _cards(page: Html) -> Mapping[str, list[str]]:
    """Plan -> texts of its card: from a piece of text that is its name to the next plan's name.

    A name can stand in the navigation too; the first card with a price is the plan's.
    """
    cards: list[tuple[str, list[str]]] = []
    for text in _joined(page.texts):
        if text in _PLANS or text in _OUT_OF_SCOPE:
            cards.append((text, []))
        elif cards:
            cards[-1][1].append(text)
    found: dict[str, list[str]] = {}
    for name, texts in cards:
        if name in _PLANS and re.search(_MONEY, " ".join(texts)):
            found.setdefault(name, texts)
    return found


def _joined(texts: tuple[str, ...]) -> list[str]:
    """Texts with a plus sign of its own, as a superscript is, put back to the name before it."""
    joined: list[str] = []
    for text in texts:
        if text == "+" and joined:
            joined[-1] += text
        else:
            joined.append(text)
    return joined


def _packages(text: str, notes: Notes) -> Iterator[dict[str, Any]]:
    matches = list(_PACKAGE.finditer(text))
    if not matches:
        raise Unreadable("no package of compute units with its price")
    for match in matches:
        units = int(match["units"].replace(",", ""))
        name = f"{_PREPAID} ({units} {_UNIT})"
        paid = _price(match["price"], name, notes)
        in_dollars = paid.currency == "USD"
        yield {
            "name": name,
            "usd_once": float(paid.amount) if in_dollars else None,
            "included_units": units,
            "usd_per_unit": float(paid.amount / units) if in_dollars else None,
            "price_as_shown": match[0],
            "currency": paid.currency,
        }


def _subscription(name: str, text: str, notes: Notes) -> Iterator[dict[str, Any]]:
    fee = _FEE.search(text)
    if fee is None:
        raise Unreadable("no price per month")
    paid = _price(fee["price"], name, notes)
    matches = (re.search(expression, text, re.IGNORECASE) for expression in _UNITS_A_MONTH)
    units = next((match["value"] for match in matches if match), None)
    yield {
        "name": name,
        "usd_per_month": float(paid.amount) if paid.currency == "USD" else None,
        "included_units": None if units is None else int(units.replace(",", "")),
        "price_as_shown": fee[0],
        "currency": paid.currency,
    }


def _price(shown: str, name: str, notes: Notes) -> Price:
    """A price in the currency of the page; one in no dollars is kept as shown and never converted."""
    try:
        paid = price(shown)
    except ValueError as problem:
        raise Unreadable(str(problem)) from None
    if paid.currency != "USD":
        notes.add("disagreement", "currency", f"{name} is priced in {paid.currency}, not in USD")
    return paid
