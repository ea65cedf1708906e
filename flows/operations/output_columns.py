"""Types of output columns: SQL expressions that cast a result for its output format.

The writers of CSV, JSON and Parquet know fewer types than DuckDB, and only dates between the years 1 and
9999. What they know is kept; a date beyond becomes the text that DuckDB has for it ("infinity",
"0044-03-15 (BC)"), bytes become hexadecimal digits, and the rest becomes DuckDB's text.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, count
from typing import Any, Final

from duckdb.sqltypes import DuckDBPyType

_NUMBERS: Final = frozenset(
    {
        "bigint",
        "boolean",
        "decimal",
        "double",
        "float",
        "integer",
        "smallint",
        "tinyint",
        "ubigint",
        "uinteger",
        "usmallint",
        "utinyint",
    }
)
_TEXTS: Final = frozenset({"enum", "varchar"})
_MOMENTS: Final = frozenset(
    {"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"}
)
_IN_PARQUET: Final = frozenset({"blob", "date", "time", "timestamp", "timestamp with time zone", "uuid"})
_FIGURES: Final = frozenset(
    {
        "bignum",
        "bit",
        "blob",
        "date",
        "hugeint",
        "interval",
        "time",
        "time with time zone",
        "uhugeint",
        "uuid",
    }
)
_DEEPEST: Final = 20
_FIRST, _LAST = "0001-01-01", "9999-12-31 23:59:59.999999"


def expressions(names: list[str], types: list[DuckDBPyType], form: str) -> str:
    """The select list that makes an answer's columns ready for a format: csv, json or parquet."""
    columns = (_column(f"#{place}", kind, form) for place, kind in enumerate(types, start=1))
    return ", ".join(
        f"{column} AS {_name(name)}" for column, name in zip(columns, _distinct(names), strict=True)
    )


def figures(names: list[str], types: list[DuckDBPyType]) -> frozenset[str]:
    """The columns whose text in CSV is a number, a moment or a length of time, which no spreadsheet runs."""
    return frozenset(
        name for name, kind in zip(_distinct(names), types, strict=True) if kind.id in _FIGURES | _MOMENTS
    )


def _distinct(names: list[str]) -> Iterator[str]:
    """The names, a repeated one with the next number after it: x, x_1."""
    taken: set[str] = set()
    for name in names:
        numbered = (f"{name}_{number}" for number in count(1))
        fresh = next(each for each in chain([name], numbered) if each not in taken)
        taken.add(fresh)
        yield fresh


def _column(value: str, kind: DuckDBPyType, form: str) -> str:
    if form == "csv" and _nested(kind):
        element = _children(kind)[0][1] if kind.id in {"list", "array"} else kind
        # A list becomes a cell of its elements; what is nested deeper becomes DuckDB's text.
        if _nested(element):
            return _text(value)
        return f"list_transform({value}::{_type(element)}[], lambda x: {_text(_leaf('x', element, form))})"
    return _deep(value, kind, form, count())


def _children(kind: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    """The types within a nested type, by name; the length of an array is not one."""
    return [(name, child) for name, child in kind.children if isinstance(child, DuckDBPyType)]


def _nested(kind: DuckDBPyType) -> bool:
    return kind.id in {"list", "array", "struct", "map", "union", "variant"}


def _deep(value: str, kind: DuckDBPyType, form: str, numbers: Any) -> str:
    """As a list of lists, a struct of structs: changed only where something inside it has to be."""
    if not _nested(kind) or _plain(kind, form):
        return value if _plain(kind, form) else _leaf(value, kind, form)
    number = next(numbers)
    if number > _DEEPEST:
        return _text(value)
    if kind.id in {"list", "array"}:
        element = _children(kind)[0][1]
        inner = _deep(f"x{number}", element, form, numbers)
        return f"list_transform({value}::{_type(element)}[], lambda x{number}: {inner})"
    if kind.id == "struct" and all(name for name, _ in _children(kind)):
        fields = (
            f"{_name(name)} := {_deep(f'struct_extract({value}, {_quoted(name)})', child, form, numbers)}"
            for name, child in _children(kind)
        )
        return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({', '.join(fields)}) END"
    if kind.id == "map":
        entry = f"x{number}"
        key, held = (child for _, child in _children(kind))
        fields = (
            f"{name} := {_deep(f'{entry}.{name}', child, form, numbers)}"
            for name, child in (("key", key), ("value", held))
        )
        return f"list_transform(map_entries({value}), lambda {entry}: struct_pack({', '.join(fields)}))"
    return _text(value)


def _plain(kind: DuckDBPyType, form: str) -> bool:
    """Whether a format's writer takes a type as it is."""
    if _nested(kind):
        if kind.id in {"union", "variant", "map"} or not all(name for name, _ in _children(kind)):
            return False
        return all(_plain(child, form) for name, child in _children(kind))
    if form == "parquet" and kind.id in _IN_PARQUET:
        return True
    return kind.id in _NUMBERS or kind.id in _TEXTS


def _leaf(value: str, kind: DuckDBPyType, form: str) -> str:
    if kind.id in _NUMBERS or kind.id in _TEXTS:
        return value
    if form == "parquet":
        return _in_parquet(value, kind)
    if kind.id == "blob":
        return f"lower(hex({value}))"
    if kind.id == "date":
        usual = f"strftime({value}, '%Y-%m-%d')"
        within = f"{value} BETWEEN DATE '{_FIRST}' AND DATE '9999-12-31'"
        return f"CASE WHEN {within} THEN {usual} ELSE {_text(value)} END"
    if kind.id in _MOMENTS:
        return _moment(value, kind.id, form)
    return _text(value)


def _in_parquet(value: str, kind: DuckDBPyType) -> str:
    # The sum of whole numbers is a HUGEINT: it stays a number, and one of over 38 digits is refused.
    if kind.id == "hugeint":
        return f"CAST({value} AS DECIMAL(38, 0))"
    return value if kind.id in _IN_PARQUET else _text(value)


def _moment(value: str, kind: str, form: str) -> str:
    """A time stamp as polars writes it: in CSV with all digits, in JSON with as many as it has."""
    zoned = kind == "timestamp with time zone"
    fraction = {"timestamp_ms": ".%g", "timestamp_s": ".%g", "timestamp_ns": ".%n"}.get(kind, ".%f")
    whole = "TIMESTAMPTZ" if zoned else "TIMESTAMP"
    middle = "T" if zoned or form == "csv" else " "
    end = {"csv": "+0000", "json": "+00:00"}[form] if zoned else ""
    start = f"%Y-%m-%d{middle}%H:%M:%S"
    if form == "csv":
        usual = f"strftime({value}, '{start}{fraction}{end}')"
    else:
        micros = f"microsecond({value}::{whole})"
        usual = (
            f"CASE WHEN {micros} % 1000000 = 0 THEN strftime({value}, '{start}{end}') "
            f"WHEN {micros} % 1000 = 0 THEN strftime({value}, '{start}.%g{end}') "
            f"ELSE strftime({value}, '{start}{'.%n' if kind == 'timestamp_ns' else '.%f'}{end}') END"
        )
    return (
        f"CASE WHEN isfinite({value}) AND {value}::{whole} BETWEEN {whole} '{_FIRST}' AND {whole} '{_LAST}' "
        f"THEN {usual} ELSE {_text(value)} END"
    )


def _text(value: str) -> str:
    return f"CAST({value} AS VARCHAR)"


def _type(kind: DuckDBPyType) -> str:
    return str(kind)


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
