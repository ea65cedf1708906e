"""The page of the provider `faulty`: one small parser a format, written as those of the real providers are.

Its sources are called FAULT_in_FORMAT; all sources of a format are read by one function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from scrapers.page import (
    Capture,
    Html,
    Json,
    Notes,
    PageBroken,
    Record,
    Rejected,
    Row,
    SourcePage,
    Unreadable,
    Xml,
    Yaml,
    dollars,
    each,
    exact_decimal,
    gpu_named,
    offer,
    source_page,
)

_HEADERS = frozenset({"Machine", "GPU", "Count", "Price"})
_Read = Iterator[Row | Rejected]


def __getattr__(name: str) -> SourcePage[Any]:
    fault, _, format = name.partition("_in_")
    if not fault or format not in _BY_FORMAT:
        raise AttributeError(name)
    return _BY_FORMAT[format]


@source_page(Json)
def _json(documents: Sequence[Json], notes: Notes) -> _Read:
    """Numbers of a JSON API: null or not-a-number where the price is not known."""
    for document in documents:
        listed = document.field("offers")
        if not isinstance(listed, list):
            raise PageBroken(f"{document.capture.url} lists no offers")
        yield from _rows(document.capture, listed, _number, notes)


@source_page(Xml)
def _xml(documents: Sequence[Xml], notes: Notes) -> _Read:
    """Texts of an XML API, to be read exactly."""
    for document in documents:
        if document.root.find("offers") is None:
            raise PageBroken(f"{document.capture.url} lists no offers")
        listed = [
            {field.tag: field.text or "" for field in entry}
            for entry in document.root.iterfind("offers/offer")
        ]
        yield from _rows(document.capture, listed, _exact, notes)


@source_page(Yaml)
def _yaml(documents: Sequence[Yaml], notes: Notes) -> _Read:
    """Numbers of a YAML file, machine by machine."""
    for document in documents:
        if not isinstance(document.value.get("offers"), list):
            raise PageBroken(f"{document.capture.url} lists no offers")
        yield from _rows(document.capture, document.value["offers"], _number, notes)


@source_page(Html)
def _html(documents: Sequence[Html], notes: Notes) -> _Read:
    """Prices of a table, in dollars an hour for the whole machine."""
    for page in documents:
        tables = [table for table in page.tables if set(table.headers) >= _HEADERS]
        if not tables:
            raise PageBroken(f"{page.capture.url} has no table of machines")
        for table in tables:
            listed = [{header.lower(): text for header, text in row.items()} for row in table.records()]
            yield from _rows(page.capture, listed, _shown, notes)


_BY_FORMAT = {
    "json_api": _json,
    "xml_api": _xml,
    "yaml_file": _yaml,
    "html_table": _html,
    "rendered_page": _html,
}


def _rows(
    capture: Capture,
    listed: Iterable[Mapping[str, Any]],
    price_of: Callable[[Record], Decimal | float | None],
    notes: Notes,
) -> _Read:
    read = partial(_offer, price_of=price_of)
    yield from each(listed, read, notes, table="offers", capture=capture)


def _offer(
    capture: Capture, record: Record, notes: Notes, *, price_of: Callable[[Record], Decimal | float | None]
) -> Row:
    name, gpu, count = record.take("machine"), record.take("gpu"), record.take("count")
    price = price_of(record)
    return offer(
        capture,
        offer_key=name,
        instance_type=name,
        pricing_model="on_demand",
        usd_per_hour=price,
        price_as_shown=str(record.raw["price"]),
        gpu_count=int(count),
        **gpu_named(gpu, notes).columns(),
    )


def _number(record: Record) -> float | None:
    _in_dollars_an_hour(record)
    return record.take_number("price")


def _exact(record: Record) -> Decimal:
    _in_dollars_an_hour(record)
    try:
        return exact_decimal(record.take("price"))
    except ValueError as problem:
        raise Unreadable(str(problem)) from None


def _shown(record: Record) -> Decimal:
    try:
        return dollars(record.take("price"), period="hour").amount
    except ValueError as problem:
        raise Unreadable(str(problem)) from None


def _in_dollars_an_hour(record: Record) -> None:
    unit = record.take("unit")
    if unit != "USD per hour":
        raise Unreadable(f"the price is in {unit}")
