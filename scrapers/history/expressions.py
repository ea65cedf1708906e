"""Polars expressions for conditions, times and words of a mapping.

All of them read columns of text and give null, never a guess, where the text is something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from scrapers.history.mapping import Check, Condition, Derived, Given, MappingError, Time, Value

MOMENT: Final = "@time"
"""The column of a record's parsed moment; a condition may name it."""
STATED: Final = "@stated"
"""The words that state the moment."""
SEEN: Final = "@seen"
"""When the record was fetched."""
MARK: Final = "@mark"
"""The word by which a data set says that it has not seen a record itself."""
Lookups = Mapping[str, Mapping[str, Any]]

_FORMATS: Final = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d, %H:%M:%S", "%Y-%m-%dT%H:%M")
_DAY: Final = "%Y-%m-%d"
_TIMESTAMP: Final = pl.Datetime("us", "UTC")
_MARKS: Final = (
    "estimate", "estimated", "historical_estimate", "derived", "interpolated", "extrapolated", "imputed",
    "forecast", "synthetic", "simulated", "modelled", "modeled", "backfilled",
)  # fmt: skip
_MARKED_NAME: Final = rf"(?i)(^|[_ .])(is_)?({'|'.join(_MARKS)})$"
_TRUE: Final = ("true", "1", "yes", "y", "t")


def needs(columns: Sequence[str], name: str, where: str) -> str:
    """The name of a column, if the file has it; raises MappingError."""
    if name not in columns:
        raise MappingError(f"{where}: the file has no column {name!r}; it has {', '.join(columns)}")
    return name


def condition(when: Condition, columns: Sequence[str], where: str) -> pl.Expr:
    """Whether a record is meant; a null meets no condition but `blank`."""
    checks = [pl.lit(value=True)]
    for name, check in when.items():
        column = pl.col(needs([*columns, MOMENT], name, where))
        if isinstance(check, str):
            checks.append((column == check).fill_null(value=False))
        else:
            checks += _checks(column, name, check)
    return pl.all_horizontal(checks)


def _checks(column: pl.Expr, name: str, check: Check) -> list[pl.Expr]:
    found = []
    if check.one_of:
        found.append(column.is_in(list(check.one_of)).fill_null(value=False))
    if check.none_of:
        found.append(~column.is_in(list(check.none_of)).fill_null(value=False))
    if check.matches:
        found.append(column.str.contains(check.matches).fill_null(value=False))
    if check.blank is not None:
        found.append(column.is_null() if check.blank else column.is_not_null())
    if check.before:
        bound = pl.lit(check.before)
        bound = as_moment(bound, (), "UTC") if name == MOMENT else bound
        found.append((column < bound).fill_null(value=False))
    if check.earlier_day_than:
        other = pl.col(check.earlier_day_than).str.slice(0, 10)
        found.append((column.str.slice(0, 10) < other).fill_null(value=False))
    return found


def derived(declared: Derived, lookups: Lookups) -> pl.Expr:
    """A column made of another."""
    column = pl.col(declared.of)
    if declared.pattern:
        column = column.str.extract(declared.pattern, 1)
    if declared.json_path:
        column = column.str.json_path_match(declared.json_path)
    if declared.words:
        # A word that is not known stays as it is: whoever looks the column up again notes it.
        column = column.replace(dict(lookups[declared.words]))
    return column


def as_moment(text: pl.Expr, formats: Sequence[str], zone: str) -> pl.Expr:
    """A moment as stated, in UTC; a day without a time is its midnight in `zone`, a month its first."""
    stated = text.str.to_datetime("%+", strict=False, time_unit="us", time_zone="UTC", cache=True)
    naive = [
        text.str.to_datetime(form, strict=False, time_unit="us").cast(pl.Datetime("us"))
        for form in (*formats, *_FORMATS)
    ]
    first_day = (
        pl.when(text.str.contains(r"^\d{4}-\d{2}$")).then(pl.concat_str(text, pl.lit("-01"))).otherwise(text)
    )
    naive.append(first_day.str.to_date(_DAY, strict=False).cast(pl.Datetime("us")))
    local = pl.coalesce(naive).dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    return pl.coalesce(stated, local.dt.convert_time_zone("UTC")).cast(_TIMESTAMP)


def moment(time: Time, columns: Sequence[str], given: str) -> tuple[pl.Expr, pl.Expr]:
    """When a record was true, in UTC, and the words that say so.

    `given` is the moment that the user names; raises MappingError where the file has none and none is given.
    """
    if time.columns and all(name in columns for name in time.columns):
        words = pl.concat_str([pl.col(name) for name in time.columns], separator=" ")
    elif time.constant or given:
        words = pl.lit(time.constant or given)
    else:
        wanted = f"no column {' and '.join(time.columns)}" if time.columns else "no time of its own"
        raise MappingError(f"time.columns: the file has {wanted}; say with --at when it was true")
    when = as_moment(words, time.formats, time.zone)
    if time.seconds:
        factors = [pl.col(needs(columns, name, "time.seconds")) for name in time.seconds]
        product = factors[0].cast(pl.Float64, strict=False)
        for factor in factors[1:]:
            product = product * factor.cast(pl.Float64, strict=False)
        when = when + pl.duration(microseconds=(product * 1_000_000).round().cast(pl.Int64))
        words = pl.concat_str(words, pl.lit(" +"), product.cast(pl.Int64), pl.lit(" s"))
    return when, words


def slot(when: pl.Expr, cadence: str) -> pl.Expr:
    """The snapshot that a moment belongs to."""
    length = {"stamped": None, "hourly": "1h", "daily": "1d"}[cadence]
    return when if length is None else when.dt.truncate(length)


def value(given: Given, columns: Sequence[str], where: str) -> pl.Expr:
    """The words that fill a column, before they are looked up."""
    if isinstance(given, str):
        return pl.col(needs(columns, given, where))
    if given.constant:
        return pl.lit(given.constant)
    found = pl.col(needs(columns, given.column, where))
    return found.fill_null(given.blank) if given.blank else found


def words_of(given: Given) -> tuple[str, bool]:
    """The lookup of a value, "" for none, and whether a word that it lacks is left out."""
    return (given.words, given.strict) if isinstance(given, Value) else ("", False)


def mark(columns: Sequence[str]) -> pl.Expr:
    """The word by which a data set says that it has not seen a row itself; null for a row as seen."""
    named = [name for name in columns if pl.Series([name]).str.contains(_MARKED_NAME).item()]
    by_name = [
        pl.when(pl.col(name).str.to_lowercase().is_in(_TRUE)).then(pl.lit(name.lower().removeprefix("is_")))
        for name in named
    ]
    # A word of this kind is a cell of its own, never a part of a sentence.
    by_word = [pl.col(name).str.to_lowercase() for name in columns if name not in named]
    found = [pl.when(word.is_in(_MARKS)).then(word) for word in by_word]
    return pl.coalesce([*by_name, *found]) if columns else pl.lit(None, dtype=pl.String)
