"""Prices as sources print them, read without guessing.

price-parser finds the amount in an isolated price cell; it is not asked about anything else,
because it reads "8x H100 $23.92/hr" as 8 and "Free" as 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from price_parser import Price as ParsedPrice

_NOT_A_PRICE = re.compile(
    r"(?i)\b(from|starting|starts|low as|up to|at least|at most|or (?:more|less)|contact|call|free|n/a|tbd)\b"
    r"|[-–—]\s*$|\d\s*[-–—]\s*\$?\d|\d+\s*x\s|[$€£¥].*[$€£¥]|[~≈<>≤≥]|\d\s*\+|\de[-+]?\d"
)
# price-parser drops a minus that is not the first thing it sees; accountants put brackets in its place.
_NEGATIVE = re.compile(r"^[^\d]*[-–—−]\s*[$€£¥]?\s*[\d.]|^\(\s*[$€£¥]?\s*[\d.,]+\s*\)")
_DECIMAL_COMMA = re.compile(r",\d{1,2}(?!\d)")
_PER = re.compile(
    r"(?i)(?:/|\b(?:per|an?|each|every)\b)\s*(?:gpu\b\s*[/-]?\s*)?"
    r"(hour|hr|h|day|week|wk|month|mo|quarter|minute|min|second|sec|year|yr|annum)\b"
    r"|\b(hourly|daily|weekly|monthly|quarterly|yearly|annually|annual)\b"
)
_PERIODS = {
    "hour": "hour",
    "hr": "hour",
    "h": "hour",
    "hourly": "hour",
    "day": "day",
    "daily": "day",
    "week": "week",
    "wk": "week",
    "weekly": "week",
    "month": "month",
    "mo": "month",
    "monthly": "month",
    "quarter": "quarter",
    "quarterly": "quarter",
    "minute": "minute",
    "min": "minute",
    "second": "second",
    "sec": "second",
    "year": "year",
    "yr": "year",
    "annum": "year",
    "yearly": "year",
    "annually": "year",
    "annual": "year",
}
_CURRENCIES = {
    "$": "USD",
    "US$": "USD",
    "USD": "USD",
    "€": "EUR",
    "EUR": "EUR",
    "£": "GBP",
    "GBP": "GBP",
    "¥": "JPY",
    "JPY": "JPY",
    "S$": "SGD",
    "SGD": "SGD",
}


@dataclass(frozen=True)
class Price:
    """An amount with its ISO 4217 currency, the period it is for ("" when unsaid), and the text shown.

    `footnote` is True for a trailing asterisk: some pages mark a commitment price with nothing else.
    """

    amount: Decimal
    currency: str
    period: str
    shown: str
    footnote: bool = False


def price(shown: str, *, period: str | None = None) -> Price:
    """Read one isolated price in the currency it is printed in, such as "$0.45/hr" or "¥1,179 per month".

    Raises ValueError for ranges and limits ("from", "up to", "~", "+"), negative prices, words without an
    amount, unknown currencies, and, when `period` is given, for a price that names another period.
    """
    text = shown.strip()
    if _NEGATIVE.search(text):
        raise ValueError(f"{shown!r} is negative")
    if _NOT_A_PRICE.search(text):
        raise ValueError(f"{shown!r} is not one price")
    # Left to itself price-parser takes the point of "$0.526" for a separator of thousands.
    separator = "," if _DECIMAL_COMMA.search(text) else "."
    parsed = ParsedPrice.fromstring(text, decimal_separator=separator)
    if parsed.amount is None:
        raise ValueError(f"{shown!r} holds no amount")
    currency = _CURRENCIES.get(parsed.currency or "")
    if currency is None:
        raise ValueError(f"{shown!r} names no known currency")
    named = _PER.search(text)
    found = _PERIODS[(named[1] or named[2]).lower()] if named else ""
    if period is not None and found not in {"", period}:
        raise ValueError(f"{shown!r} is per {found}, expected per {period}")
    return Price(parsed.amount, currency, found, text, footnote="*" in text)


def dollars(shown: str, *, period: str | None = None) -> Price:
    """Read one isolated price in US dollars; raises ValueError as `price` does, and for other currencies."""
    read = price(shown, period=period)
    if read.currency != "USD":
        raise ValueError(f"{shown!r} is not in US dollars")
    return read


def exact_decimal(shown: str) -> Decimal:
    """Read a bare number printed by an API, scientific notation included ("9.0E-4").

    Raises ValueError for sentinels such as "N/A*", and for NaN and infinities: missing is never zero.
    """
    try:
        value = Decimal(shown)
    except InvalidOperation:
        raise ValueError(f"{shown!r} is not a number") from None
    if not value.is_finite():
        raise ValueError(f"{shown!r} is not finite")
    return value
