"""The compiler of expectations: each one as a polars expression, with the reason for each failed row.

It reads the expectations that Great Expectations reads (expectations.suites), in milliseconds and without
that library, which takes seconds to import. Imported histories are validated with it. Every night the gate
compares its answer with the library's (gx_adapter.cross_checked); the words of quarantine are made here.

Nulls and not-a-number meet bounds and sets: that a value is given and that a number is finite are
expectations of their own. An infinity is outside a bound on its side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from expectations.suites import (
    FINITE,
    ROW_ID,
    Expectation,
    Result,
    refuse_wrong_types,
    row_expectations,
    with_flags,
)
from warehouse.schema import Table

EXPECTATION: Final = "expectation"
REASON: Final = "reason"
_REASONS: Final = pl.Schema({ROW_ID: pl.UInt32, EXPECTATION: pl.String, REASON: pl.String})
_TIME: Final = "%Y-%m-%d %H:%M:%S%.f%:z"


def evaluate(frame: pl.DataFrame, expectations: Sequence[Expectation]) -> list[Result]:
    """Run expectations over a frame that has ROW_ID and the columns they read.

    Returns a result for each, in their order, as gx_adapter.validate does. Raises GateBroken for a column of
    another type than an expectation is about.
    """
    refuse_wrong_types(frame.schema, expectations)
    exprs = [failed(one, frame.schema).alias(f"{index}") for index, one in enumerate(expectations)]
    flags = frame.select(pl.col(ROW_ID), *exprs)
    return [
        Result(one, tuple(flags.get_column(ROW_ID).filter(flags.get_column(f"{index}"))))
        for index, one in enumerate(expectations)
    ]


def validated(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Rows of a table with `expectation` and `reason`, null where a row meets all that the table declares.

    The key is left out: it is unique in a snapshot, and a frame may hold a part of one or several.
    """
    flagged = with_flags(frame, table)
    expectations = [one for one in row_expectations(table) if not one.is_key]
    refused = reasons(flagged, evaluate(flagged, expectations))
    if refused.is_empty():
        nothing = pl.lit(None, dtype=pl.String)
        return frame.with_columns(nothing.alias(EXPECTATION), nothing.alias(REASON))
    found = flagged.select(ROW_ID).join(refused, on=ROW_ID, how="left", maintain_order="left")
    return frame.with_columns(found.select(EXPECTATION, REASON))


def reasons(frame: pl.DataFrame, results: Sequence[Result]) -> pl.DataFrame:
    """Why rows are refused: ROW_ID, the first expectation that the row failed, and all of them in words.

    One row for each refused row of the frame, ascending: "gpu_count above 0 and at most 1024: gpu_count is
    0". Several are joined with "; ".
    """
    parts = [
        frame.filter(pl.col(ROW_ID).is_in(result.failed_rows)).select(
            pl.col(ROW_ID),
            pl.lit(result.expectation.name).alias(EXPECTATION),
            pl.format("{}: {}", pl.lit(result.expectation.name), found(result.expectation, frame.schema))
            .alias(REASON),
        )
        for result in results
        if result.failed_rows
    ]  # fmt: skip
    # Groups keep the order of their rows: that of the expectations.
    grouped = pl.concat([pl.DataFrame(schema=_REASONS), *parts]).group_by(ROW_ID, maintain_order=True)
    return grouped.agg(pl.col(EXPECTATION).first(), pl.col(REASON).str.join("; ")).sort(ROW_ID)


def failed(expectation: Expectation, schema: pl.Schema) -> pl.Expr:
    """Whether a row fails an expectation; never null."""
    arguments = expectation.arguments
    if expectation.is_key:
        # Rows that lack the whole key share nothing.
        given = pl.any_horizontal(pl.col(name).is_not_null() for name in expectation.columns)
        return pl.struct(expectation.columns).is_duplicated() & given
    (name,) = expectation.columns
    column = pl.col(name)
    if expectation.wants_presence:
        return column.is_null()
    if "value_set" in arguments:
        return ~column.is_in(arguments["value_set"]).fill_null(value=True)
    return _outside(expectation, column, schema[name])


def _outside(expectation: Expectation, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    arguments = expectation.arguments
    outside = []
    if (low := arguments["min_value"]) is not None:
        outside.append(column <= low if arguments["strict_min"] else column < low)
    if (high := arguments["max_value"]) is not None:
        outside.append(column > high)
    failed = pl.any_horizontal(outside).fill_null(value=False)
    # Not-a-number sorts above every number.
    return failed & ~column.is_nan().fill_null(value=False) if dtype.is_float() else failed


def found(expectation: Expectation, schema: pl.Schema) -> pl.Expr:
    """What a row that failed an expectation holds, in words: "usd_per_gpu_hour is 1000.01"."""
    cells = [_cell(name, schema[name]) for name in expectation.quoted]
    if expectation.columns == (FINITE,):
        cells = [
            pl.when(~pl.col(name).is_finite()).then(cell)
            for name, cell in zip(expectation.quoted, cells, strict=True)
        ]
    words = pl.concat_str(cells, separator=", ", ignore_nulls=True)
    return pl.format("another row has it too: {}", words) if expectation.is_key else words


def _cell(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        words = column.dt.to_string(_TIME)
    elif isinstance(dtype, pl.List):
        words = column.list.join(", ")
    else:
        words = column.cast(pl.String)
    return pl.format("{} is {}", pl.lit(name), words.fill_null("missing"))
