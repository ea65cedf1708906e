"""Row checks: each row is accepted, or quarantined with the failed expectations and the values found."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import polars as pl

from expectations.compiler import reasons
from expectations.gx_adapter import cross_checked
from expectations.judgement import Case
from expectations.suites import ROW_ID, Result, row_expectations, with_flags
from warehouse.schema import Table

WHERE_READ: Final = frozenset({"observed_at", "capture_id", "source_url"})
"""Columns that say where a row was read: the same figures from two answers are the same row."""


def judge_rows(table: Table, cases: Sequence[Case]) -> None:
    """Split each snapshot's rows of a table into accepted and quarantined.

    One validation holds the rows of all snapshots: it costs nearly the same for one row as for thousands.
    """
    frames = [case.snapshot.frames[table.name] for case in cases]
    starts = [0, *accumulate(frame.height for frame in frames)]
    frame = with_flags(pl.concat(frames), table)
    results = [_pardoned(result, frame, table) for result in cross_checked(frame, row_expectations(table))]
    refused = {row: (expectation, reason) for row, expectation, reason in reasons(frame, results).rows()}
    for case, rows, start in zip(cases, frames, starts, strict=False):
        bad = [row for row in range(start, start + rows.height) if row in refused]
        passed = ~pl.int_range(start, start + rows.height).is_in(bad)
        case.accepted[table.name] = rows.filter(passed)
        for row in bad:
            case.add_quarantined(table.name, rows.row(row - start, named=True), *refused[row])
    for result in results:
        failed = Counter(bisect(starts, row) - 1 for row in result.failed_rows)
        for index, case in enumerate(cases):
            case.add_result(
                table.name,
                result.expectation.name,
                "row",
                success=not failed[index],
                rows_failed=failed[index],
            )


def _pardoned(result: Result, frame: pl.DataFrame, table: Table) -> Result:
    """The result, without the first of rows that share a key and say the same.

    Rows that share a key and differ all fail: nothing tells which of them is true.
    """
    if not result.expectation.is_key or not result.failed_rows:
        return result
    says = [name for name in table.by_name if name not in WHERE_READ]
    first_of_same = (
        frame.filter(pl.col(ROW_ID).is_in(result.failed_rows))
        .filter(pl.struct(says).n_unique().over(table.key) == 1)
        .filter(pl.col(ROW_ID) == pl.col(ROW_ID).min().over(table.key))
    )
    pardoned = set(first_of_same[ROW_ID])
    return Result(result.expectation, tuple(row for row in result.failed_rows if row not in pardoned))
