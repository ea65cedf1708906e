"""The schema's bounds as one pass over a frame: the first expectation that each row fails, in words.

The nightly gate asks the same of a few thousand rows through Great Expectations, which takes minutes for the
hundreds of thousands of a history.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from warehouse.schema import Column, Table

EXPECTATION = "expectation"
REASON = "reason"


def judged(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The frame with `expectation` and `reason`, null where a row meets all that the table declares."""
    failures = list(_failures(table))
    expectation = pl.coalesce(pl.when(failed).then(pl.lit(name)) for name, failed, _ in failures)
    reason = pl.coalesce(pl.when(failed).then(found) for _, failed, found in failures)
    return frame.with_columns(expectation.alias(EXPECTATION), reason.alias(REASON))


def _failures(table: Table) -> Iterator[tuple[str, pl.Expr, pl.Expr]]:
    """(what is expected, whether a row fails it, what it holds)."""
    for column in table.columns:
        cell = pl.col(column.name)
        found = pl.format("{} is {}", pl.lit(column.name), cell.cast(pl.String).fill_null("missing"))
        if column.required:
            yield f"{column.name} given", cell.is_null(), found
        if column.allowed:
            allowed = cell.is_in(list(column.allowed)).fill_null(value=True)
            yield f"{column.name} one of its set", ~allowed, found
        if column.kind in {"number", "integer"}:
            yield f"{column.name} {_interval(column)}", _outside(column), found
    for group in table.together:
        given = pl.sum_horizontal(pl.col(name).is_not_null().cast(pl.Int32) for name in group)
        words = f"{' and '.join(group)} given together or not at all"
        yield words, ~given.is_in([0, len(group)]), pl.lit("only a part is given")


def _outside(column: Column) -> pl.Expr:
    cell = pl.col(column.name)
    checks = [~cell.is_finite()] if column.kind == "number" else [pl.lit(value=False)]
    if column.above is not None:
        checks.append(cell <= column.above)
    if column.at_least is not None:
        checks.append(cell < column.at_least)
    if column.at_most is not None:
        checks.append(cell > column.at_most)
    return pl.any_horizontal(checks).fill_null(value=False)


def _interval(column: Column) -> str:
    bounds = {"above": column.above, "at least": column.at_least, "at most": column.at_most}
    given = " and ".join(f"{words} {bound:g}" for words, bound in bounds.items() if bound is not None)
    return given or "finite"
