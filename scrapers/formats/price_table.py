"""Plain HTML price tables, parsed by their declaration in provider.toml; no page.py is needed.

The table is in the page as it is served. GPU names go through `[gpus]` of the provider's gpus.toml, where
there is such a file, regions through `[country]` of its regions.toml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any, Final

from scrapers.formats.html_table import HtmlTable
from scrapers.page import (
    Capture,
    FollowFunction,
    Html,
    Notes,
    PageBroken,
    PageFunction,
    PageTable,
    Record,
    Rejected,
    Row,
    Unreadable,
    country_of,
    each,
    gibibytes,
    gpu_named,
    lookup,
    offer,
    price,
)
from scrapers.registry import Source
from scrapers.table_declaration import HOURS, SIZES, DeclaredColumn, PriceTableDeclared

_BARE_NUMBER: Final = re.compile(r"\d[\d.,]*")
_UNHEADED: Final = "cell {} without a header"


class PriceTable(HtmlTable):
    """Pages as HTML, whose tables the declaration describes."""

    def page(self, source: Source) -> PageFunction[Html]:
        """What reads the tables that the source declares."""
        return partial(table_offers, source)

    def follow_function(self, source: Source) -> FollowFunction[Html] | None:
        """None: such a source is its declared requests."""
        return None


def table_offers(source: Source, pages: Sequence[Html], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers of every declared table, one row a table row and price.

    Raises PageBroken where a page has no such table, or one without a declared column or without rows.
    """
    declared = source.declared.table
    if declared is None:
        raise PageBroken(f"provider.toml has no [source.{source.name}.table] for {source.id}")
    ignored = frozenset(declared.ignored)
    for page in pages:
        tables = _tables(page, declared, notes)
        if not any(_listed(table, declared) for table, _ in tables):
            raise PageBroken(f"{page.capture.url} lists no row that is not left out")
        for table, pricing_model in tables:
            read = partial(_offers, source=source, declared=declared, pricing_model=pricing_model)
            listed = _listed(table, declared)
            yield from each(listed, read, notes, table="offers", capture=page.capture, ignored=ignored)


def _tables(page: Html, declared: PriceTableDeclared, notes: Notes) -> list[tuple[PageTable, str]]:
    """The tables to read, each with the pricing model of its heading, "" where columns say it."""
    candidates = [table for table in page.tables if declared.columns.keys() & set(table.headers)]
    sold = [(table, _pricing_model(table, declared)) for table in candidates]
    tables = [(table, model or "") for table, model in sold if _is_read(table, model, declared, notes)]
    if not tables:
        raise PageBroken(f"{page.capture.url} has no table with the columns {', '.join(declared.columns)}")
    for words, model in declared.pricing_models.items():
        if model not in {found for _, found in tables}:
            notes.add("missing_field", f"table {words!r}", "no table has these words above it")
    return tables


def _is_read(table: PageTable, model: str | None, declared: PriceTableDeclared, notes: Notes) -> bool:
    """Whether a table with some declared columns is to be read; raises PageBroken for a changed one."""
    named = f"table {table.heading!r}"
    missing = [header for header in declared.columns if header not in table.headers]
    if missing:
        if model:
            raise PageBroken(f"the {named} has no column {', '.join(missing)}")
        if model is not None:
            notes.add("missing_field", named, f"has no column {', '.join(missing)}")
        return False
    if model is None:
        notes.add("new_field", named, "prices of GPUs, sold in a way that is not declared")
        return False
    if not table.rows:
        raise PageBroken(f"the {named} is empty")
    if twice := [header for header in declared.columns if table.headers.count(header) > 1]:
        raise PageBroken(f"the {named} has two columns {', '.join(twice)}")
    return True


def _pricing_model(table: PageTable, declared: PriceTableDeclared) -> str | None:
    """What the heading says; None where it should and does not, "" where columns say it."""
    if not declared.pricing_models:
        return ""
    heading = table.heading.casefold()
    models = declared.pricing_models.items()
    return next((model for words, model in models if words.casefold() in heading), None)


def _listed(table: PageTable, declared: PriceTableDeclared) -> list[dict[str, str]]:
    """The rows of a table that are in scope."""
    return [record for record in _records(table) if not _is_left_out(record, declared)]


def _records(table: PageTable) -> Iterator[dict[str, str]]:
    """The rows by header; a cell beyond the last header goes by its place, so that it is accounted for."""
    for cells in table.rows:
        beyond = [_UNHEADED.format(place) for place in range(len(table.headers) + 1, len(cells) + 1)]
        yield dict(zip([*table.headers, *beyond], cells, strict=False))


def _is_left_out(record: Mapping[str, str], declared: PriceTableDeclared) -> bool:
    return any(re.fullmatch(how, record.get(header, "")) for header, how in declared.left_out.items())


def _offers(
    capture: Capture,
    record: Record,
    notes: Notes,
    *,
    source: Source,
    declared: PriceTableDeclared,
    pricing_model: str,
) -> Iterator[Row]:
    cells = {header: record.take(header) for header in declared.columns}
    texts: dict[str, str] = {}
    for header, column in declared.columns.items():
        texts |= _texts(cells[header], header, column)
    count = _count(texts.get("gpu_count", "1"))
    prices = [(column, cells[header]) for header, column in declared.prices]
    amounts = [_usd_per_hour(shown, column, count) for column, shown in prices]
    columns = _columns(texts, declared, count)
    gpu = _gpu(texts["gpu_as_shown"], columns.pop("gpu_memory_gib", None), source, notes)
    region = texts.get("region")
    name = texts.get("instance_type", f"{texts['gpu_as_shown']} x{count}")
    if region:
        columns |= {"region": region, "country": country_of(source.provider, region, notes)}
    for (column, shown), amount in zip(prices, amounts, strict=True):
        yield offer(
            capture,
            offer_key=f"{region}:{name}" if region else name,
            instance_type=name,
            pricing_model=column.pricing_model or pricing_model,
            usd_per_hour=amount,
            price_as_shown=shown,
            currency=column.currency,
            gpu_count=count,
            **columns,
            **gpu,
        )


def _texts(cell: str, header: str, column: DeclaredColumn) -> dict[str, str]:
    """Column -> text, of one cell; raises Unreadable for a cell that its pattern does not match."""
    if not column.pattern:
        return {column.column: cell}
    match = re.fullmatch(column.pattern, cell)
    if match is None:
        raise Unreadable(f"{header} is {cell!r}, which its pattern does not match")
    named = {name: text for name, text in match.groupdict().items() if text is not None}
    return {column.column: cell} | named


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise Unreadable(f"{text!r} is not a number of GPUs")
    return int(text)


def _columns(texts: Mapping[str, str], declared: PriceTableDeclared, count: int) -> dict[str, Any]:
    """Sizes in GiB and vCPUs; GPU memory is that of one GPU."""
    units = {column.column: column for column in declared.columns.values() if column.column in SIZES}
    found: dict[str, Any] = {}
    try:
        for name in SIZES & texts.keys():
            unit = units[name].unit if name in units else ""
            bare = _BARE_NUMBER.fullmatch(texts[name])
            size = gibibytes(f"{texts[name]} {unit}" if bare and unit else texts[name])
            is_sum = name in units and units[name].of_all_gpus
            found[name] = size / count if is_sum and size is not None else size
        if "vcpus" in texts:
            found["vcpus"] = float(texts["vcpus"])
    except ValueError as problem:
        raise Unreadable(str(problem)) from None
    return found


def _gpu(shown: str, memory_gib: float | None, source: Source, notes: Notes) -> dict[str, Any]:
    try:
        names: Mapping[str, str] = lookup(source.provider, "gpus")["gpus"]
    except FileNotFoundError:
        names = {}
    meant = names.get(shown, shown)
    return gpu_named(meant, notes, memory_gib=memory_gib).columns() | {"gpu_as_shown": shown}


def _usd_per_hour(shown: str, column: DeclaredColumn, count: int) -> Decimal | None:
    """The price of the whole offer for an hour; None where none is stated, or not in USD."""
    if shown in column.not_stated:
        return None
    text = f"{shown} {column.currency}" if _BARE_NUMBER.fullmatch(shown) else shown
    unit = column.unit or "hour"
    try:
        read = price(text, period=unit)
    except ValueError as problem:
        raise Unreadable(str(problem)) from None
    if read.currency != column.currency:
        raise Unreadable(f"{shown!r} is in {read.currency}, expected {column.currency}")
    if read.footnote:
        raise Unreadable(f"{shown!r} has a footnote: it may be the price of a commitment")
    if read.currency != "USD":
        return None
    hours = Fraction(HOURS[unit])
    amount = read.amount * hours.denominator / hours.numerator
    return amount * count if column.column == "usd_per_gpu_hour" else amount
