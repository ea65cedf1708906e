"""Money: printed prices parsed without guessing.

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
_BARE = re.compile(r"-?[\d.,]*\d[\d.,]*(?:[eE][-+]?\d+)?", re.ASCII)
_NUMBERS = {
    decimal: re.compile(
        rf"-?(?:\d{{1,3}}(?:\{thousands}\d{{3}})+|\d+)?(?:\{decimal}\d*)?(?:[eE][-+]?\d+)?", re.ASCII
    )
    for decimal, thousands in ((".", ","), (",", "."))
}
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
_SIGNED = re.compile(rf"({'|'.join(map(re.escape, _CURRENCIES))})\s?(\d[\d.,]*)", re.ASCII)


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


def price(shown: str, *, period: str | None = None, decimal: str = "") -> Price:
    """Read one isolated price in the currency it is printed in, such as "$0.45/hr" or "¥1,179 per month".

    `decimal` is the decimal sign, "." or ",", where the source declares it; without it, a comma before one
    or two digits is one. Raises ValueError for ranges and limits ("from", "up to", "~", "+"), negative
    prices, words without an amount, unknown currencies, and, when `period` is given, for a price that names
    another period.
    """
    text = shown.strip()
    if _NEGATIVE.search(text):
        raise ValueError(f"{shown!r} is negative")
    if _NOT_A_PRICE.search(text):
        raise ValueError(f"{shown!r} is not one price")
    # Left to itself price-parser takes the point of "$0.526" for a separator of thousands.
    separator = decimal or ("," if _DECIMAL_COMMA.search(text) else ".")
    parsed = ParsedPrice.fromstring(text, decimal_separator=separator)
    if parsed.amount is None:
        raise ValueError(f"{shown!r} holds no amount")
    if decimal:
        number(parsed.amount_text or "", decimal=decimal)
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


def cell_price(shown: str, *, currency: str = "", period: str | None = None, decimal: str = ".") -> Price:
    """Read a cell of a column of prices: a bare number in the column's `currency`, or a price as printed.

    Raises ValueError as `price` does, for a bare number where the column has no currency of its own (""), and
    for a price that is printed in another one.
    """
    text = shown.strip()
    if _BARE.fullmatch(text):
        amount = number(text, decimal=decimal)
        if amount < 0:
            raise ValueError(f"{shown!r} is negative")
        if not currency:
            raise ValueError(f"{shown!r} names no known currency")
        return Price(amount, currency, "", text)
    signed = _SIGNED.fullmatch(text)
    if signed:
        # What `price` finds too, in a fifth of the time: a history can have a million of these.
        read = Price(number(signed[2], decimal=decimal), _CURRENCIES[signed[1]], "", text)
    else:
        read = price(text, period=period, decimal=decimal)
    if currency and read.currency != currency:
        raise ValueError(f"{shown!r} is in {read.currency}, expected {currency}")
    return read


def cell_number(shown: str) -> Decimal:
    """Read a cell of a column of numbers, where an amount of money may have its sign: "1,234.5", "$300".

    Raises ValueError as `number` and `price` do.
    """
    text = shown.strip()
    return number(text) if _BARE.fullmatch(text) else price(text, decimal=".").amount


def number(shown: str, *, decimal: str = ".") -> Decimal:
    """Read a bare number as a table prints it: "1234.5", "1,234.5", "9.0E-4".

    Raises ValueError where the sign that is not the `decimal` one does not stand between groups of three.
    """
    if not _NUMBERS[decimal].fullmatch(shown):
        raise ValueError(f"{shown!r} is not a number with {decimal!r} as its decimal sign")
    thousands = "," if decimal == "." else "."
    return exact_decimal(shown.replace(thousands, "").replace(decimal, "."))


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
