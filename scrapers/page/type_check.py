"""Type checks of a row's values against the columns of its table.

Polars makes 1 of True, of "1" and of 1.9 where a column holds whole numbers: a misread value would become one
that was never there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final

from scrapers.page.record import Row
from warehouse.schema import BY_NAME, Kind

_MOST: Final = 2**63
_SHOWN: Final = 80
_NAMED: Final[Mapping[Kind, str]] = {
    "text": "text",
    "json": "JSON text",
    "integer": "an integer",
    "number": "a number",
    "flag": "true or false",
    "timestamp": "a time with its zone",
    "date": "a date",
    "text_list": "a list of texts",
}


def misfit(row: Row) -> str | None:
    """Why a row fits no table: the first column whose value is of another kind; None where all are right."""
    fits = _fits_of(row.table)
    for name, value in row.values.items():
        if value is not None and not fits[name](value):
            kind = _NAMED[BY_NAME[row.table].by_name[name].kind]
            return f"column {name} holds {repr(value)[:_SHOWN]}, which is not {kind}"
    return None


@cache
def _fits_of(table: str) -> Mapping[str, Callable[[Any], bool]]:
    return {column.name: _FITS[column.kind] for column in BY_NAME[table].columns}


def _is_text(value: Any) -> bool:
    """Text that UTF-8 can hold; a whole number is one too, because ids come as either."""
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)
    return isinstance(value, int) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value == value // 1 and -_MOST <= value < _MOST


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return False
    return not isinstance(value, int) or -_MOST <= value < _MOST


_FITS: Final[Mapping[Kind, Callable[[Any], bool]]] = {
    "text": _is_text,
    "json": _is_text,
    "integer": _is_integer,
    "number": _is_number,
    "flag": lambda value: isinstance(value, bool),
    "timestamp": lambda value: isinstance(value, datetime) and value.tzinfo is not None,
    "date": lambda value: isinstance(value, date) and not isinstance(value, datetime),
    "text_list": lambda value: isinstance(value, list) and all(map(_is_text, value)),
}
