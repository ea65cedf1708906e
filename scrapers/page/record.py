"""Records: raw fields in, typed rows out; a field that is not used is a finding.

A record is popped field by field; what is neither taken nor named as ignored becomes a finding.
A record that cannot be read becomes a `Rejected` row with its reason and the raw record.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from scrapers.page.capture import Capture
from warehouse.schema import BY_NAME

MISSING: Final = object()
LOST: Final = "\N{REPLACEMENT CHARACTER}"
"""Stands for bytes that were not text in the charset that they were read in."""
_PRIVATE: Final = frozenset({"public_ipaddr", "ip_address", "ipaddr", "email", "phone"})


class PageBroken(Exception):
    """The page no longer has the structure its parser knows: nothing of it can be trusted."""


# What code raises that takes a value for another kind of value than a source gave it.
MISTAKEN: Final = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class Unreadable(ValueError):
    """One record could not be read; the message is the reason kept with it in quarantine."""


@dataclass(frozen=True)
class Row:
    """A row meant for a table: column name -> value, columns left out are null."""

    table: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Rejected:
    """A raw record that could not be read, on its way to quarantine."""

    table: str
    reason: str
    record: str
    capture_id: str


@dataclass
class Notes:
    """What a parser met and nobody had declared; counted by (kind, subject)."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    details: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, kind: str, subject: str, detail: str = "") -> None:
        """Note one meeting; the first detail is kept as the example."""
        self.counts[kind, subject] += 1
        self.details.setdefault((kind, subject), detail)

    def merge(self, others: Notes) -> None:
        """Take over the notes of another reader."""
        self.counts.update(others.counts)
        self.details = others.details | self.details


class Record:
    """A raw record whose fields are taken one by one.

    `take` and `take_number` raise Unreadable when a mandatory field is missing or holds characters that were
    lost to a wrong charset. `take_number` turns NaN and infinities into None, which is what such a source
    means by them.
    """

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        self._left = dict(raw)

    def take(self, name: str, default: Any = MISSING) -> Any:
        """Pop a field; with a default the field may be absent."""
        value = self._left.pop(name, default)
        if value is MISSING:
            raise Unreadable(f"field {name} is missing")
        if isinstance(value, str) and LOST in value:
            raise Unreadable(f"field {name} holds {value!r}: characters were lost to a wrong charset")
        return value

    def take_number(self, name: str, default: Any = MISSING) -> float | None:
        """Pop a field that holds a number or null; text and flags raise Unreadable."""
        value = self.take(name, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Unreadable(f"field {name} holds {value!r}, not a number")
        try:
            number = float(value)
        except OverflowError:
            raise Unreadable(f"field {name} holds a number beyond all bounds") from None
        return number if math.isfinite(number) else None

    def leftovers(self, ignored: frozenset[str]) -> list[str]:
        """Fields that were neither taken nor ignored."""
        return [name for name in self._left if name not in ignored]


class OnePrice:
    """Prices of things that a source may list more than once: the first of two is kept, the other refused.

    A price is one figure, or a mapping of columns to what a row says in them.
    """

    def __init__(self) -> None:
        self._prices: dict[str, Any] = {}

    def is_new(self, thing: str, price: Any) -> bool:
        """Whether a thing is met for the first time; raises Unreadable when it now has another price."""
        if thing not in self._prices:
            self._prices[thing] = price
            return True
        if self._prices[thing] != price:
            raise Unreadable(_two_prices(thing, self._prices[thing], price))
        return False


def _two_prices(thing: str, first: Any, other: Any) -> str:
    if not isinstance(first, Mapping):
        return f"{thing} has two prices, {first} and {other}"
    apart = (f"{name} {first[name]} and {other[name]}" for name in first if first[name] != other[name])
    return f"{thing} is listed twice, with {', '.join(apart)}"


def each(
    records: Iterable[Mapping[str, Any]],
    read: Callable[[Capture, Record, Notes], Iterable[Row] | Row],
    notes: Notes,
    *,
    table: str,
    capture: Capture,
    ignored: frozenset[str] = frozenset(),
) -> Iterator[Row | Rejected]:
    """Read every record of a capture: its rows, or one Rejected with the reason; unexpected fields are noted.

    `read` is given the capture, one record and the notes, and gives one row or several. A record that is not
    a mapping, or that holds a list where `read` takes a number for granted, is rejected like one whose fields
    are missing: one odd record never costs the others.
    """
    for raw in records:
        if not isinstance(raw, Mapping):
            reason = f"a {type(raw).__name__} stands where a record should"
            yield Rejected(table, reason, raw_json({"record": raw}), capture.capture_id)
            continue
        record = Record(raw)
        try:
            found = read(capture, record, notes)
            rows = [found] if isinstance(found, Row) else list(found)
        except Unreadable as problem:
            yield Rejected(table, str(problem), raw_json(raw), capture.capture_id)
            continue
        except MISTAKEN as problem:
            reason = f"the record is built in another way: {mistake(problem)}"
            yield Rejected(table, reason, raw_json(raw), capture.capture_id)
            continue
        for name in record.leftovers(ignored):
            notes.add("new_field", name, f"in {capture.source}")
        yield from rows


def mistake(problem: Exception) -> str:
    """What went wrong where a page took a value for something else: "KeyError: 'gpu'"."""
    return f"{type(problem).__name__}: {problem}"


def raw_json(raw: Mapping[str, Any]) -> str:
    """A raw record as JSON for quarantine, without private details of marketplace hosts.

    What JSON does not have (not-a-number, names that are not text, dates) becomes text.
    """
    shown = {name: value for name, value in raw.items() if name not in _PRIVATE}
    try:
        return json.dumps(_as_json(shown), sort_keys=True, ensure_ascii=False)
    except RecursionError:
        return json.dumps({"as_read": repr(list(shown))})


def _as_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(_as_json(name)): _as_json(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(inner) for inner in value]
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if value is None or isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)


def _row(table: str, capture: Capture, values: dict[str, Any]) -> Row:
    unknown = values.keys() - BY_NAME[table].by_name.keys()
    if unknown:
        raise TypeError(f"{table} has no column {', '.join(sorted(unknown))}")
    values.setdefault("source_url", capture.url)
    values["capture_id"] = capture.capture_id
    values["observed_at"] = capture.fetched_at
    return Row(table, values)


def offer(
    capture: Capture,
    *,
    offer_key: str,
    pricing_model: str,
    usd_per_hour: Decimal | float | None,
    price_as_shown: str,
    gpu_count: int,
    **columns: Any,
) -> Row:
    """An offers row; the price per GPU is derived here and only here.

    `usd_per_hour` is the whole offer in USD per hour, None when unknown (missing is never zero).
    """
    per_gpu = None if usd_per_hour is None or gpu_count < 1 else usd_per_hour / gpu_count
    columns.setdefault("availability", "unknown")
    columns.setdefault("currency", "USD")
    return _row(
        "offers",
        capture,
        {
            "offer_key": offer_key,
            "pricing_model": pricing_model,
            "usd_per_hour": None if usd_per_hour is None else float(usd_per_hour),
            "usd_per_gpu_hour": None if per_gpu is None else float(per_gpu),
            "price_as_shown": price_as_shown,
            "gpu_count": gpu_count,
            **columns,
        },
    )


def plan(capture: Capture, *, name: str, price_as_shown: str, **columns: Any) -> Row:
    """A plans row."""
    columns.setdefault("currency", "USD")
    return _row("plans", capture, {"plan": name, "price_as_shown": price_as_shown, **columns})


def utilisation(capture: Capture, **columns: Any) -> Row:
    """A utilisation row: how much of one GPU model's supply is rented."""
    return _row("utilisation", capture, columns)


def term(
    capture: Capture,
    *,
    tier: str,
    name: str,
    state: str = "present",
    value: float | str | None = None,
    unit: str | None = None,
    quote: str | None = None,
) -> Row:
    """A terms row; a number goes to value_number, words to value_text."""
    number = float(value) if isinstance(value, int | float) else None
    words = value if isinstance(value, str) else None
    return _row(
        "terms",
        capture,
        {
            "tier": tier,
            "term": name,
            "state": state,
            "value_number": number,
            "value_text": words,
            "unit": unit,
            "quote": quote,
        },
    )
