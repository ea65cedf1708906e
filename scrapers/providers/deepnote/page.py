"""Deepnote's pricing page: one card a plan, prices per editor and month, compute beyond it metered.

The page as served has not been read: its figures of June 2026 are known from a transcription. So the parser
holds on to the names of the plans and to the words of a price, and says that the page changed where it finds
neither. A price "billed annually" is not the monthly one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from scrapers.page import (
    Capture,
    Html,
    Notes,
    PageBroken,
    Prose,
    Record,
    Rejected,
    Row,
    Saying,
    Unreadable,
    each,
    plan,
    source_page,
    terms_said,
)

_QUOTED: Final = 300
_PLANS: Final = ("Free", "Team", "Enterprise")
# The month is possessive: given back, it would hide the words "billed annually" behind it.
_MONTHLY: Final = re.compile(
    r"\$\s?(?P<usd>\d[\d,]*(?:\.\d+)?)\s*(?:/|per)\s*editor(?:\s*(?:/|per)\s*month)?+"
    r"(?!\W*(?:when\s+)?billed\s+(?:annually|yearly))",
    re.IGNORECASE,
)
_NOTHING: Final = re.compile(r"\$\s?0(?![\d.])")
_SAYINGS: Final = (
    Saying("Free", "ram_gib", (r"(?P<value>\d+) ?GB (?:of )?RAM",), unit="GB"),
    Saying("Free", "vcpus", (r"(?P<value>\d+) ?vCPUs?",), unit="vCPU"),
    Saying("Free", "gpu_models", denies=r"no GPUs?\b|GPUs? (?:is|are) not included"),
    Saying(
        "Team",
        "credit_usd",
        (r"\$(?P<value>\d+) (?:of |in )?GPU credits?", r"\$(?P<value>\d+) (?:of|in) GPU\b"),
        unit="USD of GPU a month",
    ),
)


@source_page(Html)
def plans(pages: Sequence[Html], notes: Notes) -> Iterator[Row | Rejected]:
    """Plans per editor, and the terms that their cards state; a plan sold by contract has no price."""
    for page in pages:
        yield from _plans(page, notes)


def _plans(page: Html, notes: Notes) -> Iterator[Row | Rejected]:
    cards = _cards(page)
    priced = [name for name, texts in cards.items() if _price(" ".join(texts)) is not None]
    if not priced:
        raise PageBroken(f"{page.capture.url} shows no price of the plans {', '.join(_PLANS)}")

    records = ({"plan": name, "card": " ".join(texts)} for name, texts in cards.items())
    yield from each(records, _plan, notes, table="plans", capture=page.capture)
    for saying in _SAYINGS:
        prose = Prose.of(page.capture, cards.get(saying.tier, []))
        yield from terms_said([prose], [saying], notes)


def _plan(capture: Capture, record: Record, notes: Notes) -> Row:
    name, text = record.take("plan"), record.take("card")
    price = _price(text)
    if price is None and name != "Enterprise":
        raise Unreadable(f"the card of {name} shows no monthly price")
    return plan(
        capture,
        name=name,
        usd_per_month=float(price[0]) if price else None,
        price_as_shown=price[1] if price else "by contract",
        quote=text[:_QUOTED],
    )


def _price(text: str) -> tuple[str, str] | None:
    """Amount and words of a card's monthly price per editor, None where it shows none."""
    found = _MONTHLY.search(text)
    if found:
        return found["usd"].replace(",", ""), found[0]
    nothing = _NOTHING.search(text)
    return ("0", nothing[0]) if nothing else None


def _cards(page: Html) -> Mapping[str, list[str]]:
    """Plan -> texts of its card; of several sections under one name the first with a price is the card."""
    sections: list[tuple[str, list[str]]] = []
    for text in page.texts:
        if text in _PLANS:
            sections.append((text, []))
        elif sections:
            sections[-1][1].append(text)
    cards: dict[str, list[str]] = {}
    for name, texts in sections:
        if name not in cards or (
            _price(" ".join(cards[name])) is None and _price(" ".join(texts)) is not None
        ):
            cards[name] = texts
    return cards
