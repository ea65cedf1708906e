"""Expectation suites of a source's rows and snapshots, derived from the schema and its declaration.

An expectation is data here: a name in plain words beside the type and arguments that Great Expectations
knows. expectations.gx_adapter runs them with that library, expectations.compiler as polars expressions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import polars as pl

from warehouse.schema import Column, Table

ROW_ID: Final = "row_id"
FINITE: Final = "holds_finite"
_TOGETHER: Final = "holds_together_{}"
_GIVEN: Final = "holds_given_{}"
_UNIQUE: Final = "expect_column_values_to_be_unique"
_UNIQUE_TOGETHER: Final = "expect_compound_columns_to_be_unique"
Level = Literal["row", "table", "warning"]


@dataclass(frozen=True)
class Good:
    """A source's assertions on one table of a good night; see scrapers.declaration.GoodNight."""

    rows_at_least: int
    rows_warn_above: int | None
    share_of_last_good_at_least: float
    must_have: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Expectation:
    """One expectation: its name, the library's type and arguments, and what a miss does.

    `level` is row (a bad row is quarantined), table (a miss refuses the snapshot) or warning;
    `quoted` names the columns whose values say what was wrong with a row.
    """

    name: str
    kind: str
    arguments: Mapping[str, Any]
    level: Level = "row"
    quoted: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the library reads."""
        if "column_list" in self.arguments:
            return tuple(self.arguments["column_list"])
        return (self.arguments["column"],)

    @property
    def wants_presence(self) -> bool:
        """Whether a null fails it."""
        return self.kind == "expect_column_values_to_not_be_null"

    @property
    def is_key(self) -> bool:
        """Whether this is the uniqueness of a table's key."""
        return self.kind in {_UNIQUE_TOGETHER, _UNIQUE}

    def fits(self, dtype: pl.DataType) -> bool:
        """Whether a column of this type holds what the expectation is about."""
        if self.is_key:
            return (
                dtype.is_integer()
                or dtype in {pl.String, pl.Boolean, pl.Date}
                or isinstance(dtype, pl.Datetime)
            )
        if self.wants_presence:
            return not dtype.is_float()
        if "value_set" in self.arguments:
            is_text = all(isinstance(value, str) for value in self.arguments["value_set"])
            return dtype == (pl.String if is_text else pl.Boolean)
        return dtype.is_integer() or dtype.is_float()


@dataclass(frozen=True)
class Result:
    """The outcome of one expectation over a frame: the ids of the rows that failed it, ascending."""

    expectation: Expectation
    failed_rows: tuple[int, ...]


class GateBroken(RuntimeError):
    """The validation itself failed; no row is accepted without it."""


def row_expectations(table: Table) -> list[Expectation]:
    """What every row of a table must satisfy: presence, bounds, sets, groups given together, the key.

    They read the columns of the table and those that `with_flags` adds.
    """
    found = [expectation for column in table.columns for expectation in _of_column(column)]
    for index, group in enumerate(table.together):
        name = f"{' and '.join(group)} given together or not at all"
        found.append(_in_set(name, _TOGETHER.format(index), [True], quoted=group))
    if numbers := _numbers(table):
        found.append(_in_set("every number finite", FINITE, [True], quoted=numbers))
    if table.key:
        found.append(_unique(table.key))
    return found


def table_expectations(table: Table, good: Good) -> list[Expectation]:
    """What a snapshot must satisfy as a whole, on a summary with one row a snapshot.

    The summary's columns are `rows`, `share_of_last_good` (null without one) and, for each column of
    `must_have`, `missing_<column>`: the values that did not appear, "" when all did.
    Raises ValueError when `must_have` names a column that the table does not have.
    """
    if unknown := good.must_have.keys() - table.by_name.keys():
        raise ValueError(f"must_have names {', '.join(sorted(unknown))}: not a column of {table.name}")
    share = good.share_of_last_good_at_least
    found = [
        _between(f"at least {good.rows_at_least} rows", "rows", "table", at_least=good.rows_at_least),
        _between(
            f"at least {share:.0%} of the last good night's rows",
            "share_of_last_good",
            "table",
            at_least=share,
        ),
    ]
    found += [
        _in_set(f"every {column} that must appear", f"missing_{column}", [""], level="table")
        for column in good.must_have
    ]
    if good.rows_warn_above is not None:
        name = f"at most {good.rows_warn_above} rows"
        found.append(_between(name, "rows", "warning", at_most=good.rows_warn_above))
    return found


def with_flags(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The frame with ROW_ID (0, 1, ...) and the flags that some expectations read.

    Flagged here are groups of columns, and whether numbers are given and finite: pandas, where Great
    Expectations checks them, takes not-a-number for null.
    """
    together = [
        pl.sum_horizontal(pl.col(name).is_not_null() for name in group)
        .is_in([0, len(group)])
        .alias(_TOGETHER.format(index))
        for index, group in enumerate(table.together)
    ]
    finite = pl.all_horizontal(
        pl.lit(value=True), *(pl.col(name).is_finite().fill_null(value=True) for name in _numbers(table))
    )
    given = [
        pl.col(column.name).is_not_null().alias(_GIVEN.format(column.name))
        for column in table.columns
        if column.required and column.kind == "number"
    ]
    return frame.with_row_index(ROW_ID).with_columns(*together, finite.alias(FINITE), *given)


def refuse_wrong_types(schema: pl.Schema, expectations: Sequence[Expectation]) -> None:
    """Raise GateBroken for a column that does not hold what an expectation on it is about.

    Of such comparisons Great Expectations and polars make different ones: text with a number, times with it.
    """
    for expectation in expectations:
        for name in expectation.columns:
            if name not in schema or not expectation.fits(schema[name]):
                raise GateBroken(f"{expectation.name}: column {name} is {schema.get(name, 'missing')}")


def _numbers(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if column.kind == "number")


def _of_column(column: Column) -> Iterator[Expectation]:
    quoted = (column.name,)
    if column.required and column.kind == "number":
        yield _in_set(f"{column.name} given", _GIVEN.format(column.name), [True], quoted=quoted)
    elif column.required:
        kind = "expect_column_values_to_not_be_null"
        yield Expectation(f"{column.name} given", kind, {"column": column.name}, quoted=quoted)
    if column.allowed:
        yield _in_set(f"{column.name} one of its set", column.name, list(column.allowed), quoted=quoted)
    low = column.above if column.above is not None else column.at_least
    if low is not None or column.at_most is not None:
        yield _between(
            f"{column.name} {_interval(column)}",
            column.name,
            "row",
            at_least=low,
            at_most=column.at_most,
            strictly=column.above is not None,
        )


def _unique(key: tuple[str, ...]) -> Expectation:
    name = f"key unique ({', '.join(key)})"
    if len(key) == 1:
        return Expectation(name, _UNIQUE, {"column": key[0]}, quoted=key)
    return Expectation(name, _UNIQUE_TOGETHER, {"column_list": list(key)}, quoted=key)


def _interval(column: Column) -> str:
    """A column's bounds in words: "above 0 and at most 1000"."""
    bounds = {"above": column.above, "at least": column.at_least, "at most": column.at_most}
    return " and ".join(f"{words} {bound:g}" for words, bound in bounds.items() if bound is not None)


def _between(
    name: str,
    column: str,
    level: Level,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    strictly: bool = False,
) -> Expectation:
    arguments = {"column": column, "min_value": at_least, "max_value": at_most, "strict_min": strictly}
    return Expectation(name, "expect_column_values_to_be_between", arguments, level, (column,))


def _in_set(
    name: str, column: str, values: list[Any], *, level: Level = "row", quoted: tuple[str, ...] = ()
) -> Expectation:
    arguments = {"column": column, "value_set": values}
    return Expectation(name, "expect_column_values_to_be_in_set", arguments, level, quoted)
