"""Snapshot checks: minimum rows, required values, no collapse since the last good snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from expectations.gx_adapter import GateBroken, validate
from expectations.judgement import Case
from expectations.limits import GATE
from expectations.suites import ROW_ID, Expectation, Good, table_expectations
from warehouse.schema import BY_NAME

Facts = dict[str, Any]


def mostly_accepted(case: Case) -> bool:
    """Whether few enough rows were quarantined for the snapshot to be accepted as complete."""
    quarantined = len(case.quarantine)
    return quarantined <= GATE.quarantined_share * (quarantined + case.rows_accepted)


def judge_counts(cases: Sequence[Case], good: Mapping[str, Good], last_good: Mapping[str, int]) -> None:
    """Compare snapshots, oldest first, with their source's assertions; a miss refuses the snapshot.

    A snapshot that meets them, and is mostly accepted, is the last good one of the next. Raises GateBroken
    where the library finds another snapshot to be good than this loop.
    """
    last = dict(last_good)
    facts: dict[str, list[Facts]] = {table: [] for table in good}
    missed: set[int] = set()
    for row, case in enumerate(cases):
        for table, wanted in good.items():
            facts[table].append(_facts(case.accepted[table], wanted, last.get(table)))
            if _misses(facts[table][row], wanted):
                missed.add(row)
        if row not in missed and mostly_accepted(case):
            last = {table: case.accepted[table].height for table in good}
    found: set[int] = set()
    for table, wanted in good.items():
        for result in validate(_summary(facts[table], wanted), table_expectations(BY_NAME[table], wanted)):
            if result.expectation.level == "table":
                found.update(result.failed_rows)
            for row, case in enumerate(cases):
                held = row not in result.failed_rows
                _record(case, table, result.expectation, facts[table][row], held=held)
    if found != missed:
        raise GateBroken(f"{sorted(found ^ missed)}: the library judges these snapshots otherwise")


def _misses(facts: Facts, good: Good) -> bool:
    """Whether a snapshot misses an assertion that refuses it."""
    share = facts["share_of_last_good"]
    return (
        facts["rows"] < good.rows_at_least
        or (share is not None and share < good.share_of_last_good_at_least)
        or any(facts[f"missing_{column}"] for column in good.must_have)
    )


def _facts(accepted: pl.DataFrame, good: Good, last: int | None) -> Facts:
    """A snapshot's figures, as table_expectations names them; `last` are the rows of the last good one."""
    facts: Facts = {
        "rows": accepted.height,
        "rows_of_last_good": last,
        "share_of_last_good": accepted.height / last if last else None,
    }
    for column, wanted in good.must_have.items():
        seen = set(accepted[column])
        facts[f"missing_{column}"] = ", ".join(value for value in wanted if value not in seen)
    return facts


def _summary(facts: Sequence[Facts], good: Good) -> pl.DataFrame:
    types: dict[str, Any] = {"rows": pl.Int64, "share_of_last_good": pl.Float64}
    types |= {f"missing_{column}": pl.String for column in good.must_have}
    rows = [{name: fact[name] for name in types} for fact in facts]
    return pl.DataFrame(rows, schema=types).with_row_index(ROW_ID)


def _record(case: Case, table: str, expectation: Expectation, facts: Facts, *, held: bool) -> None:
    (column,) = expectation.columns
    case.add_result(
        table, expectation.name, expectation.level, success=held, observed=_observed(column, facts)
    )
    if held:
        return
    sentence = f"{table}: expected {expectation.name}, found {_found(column, facts)}"
    if expectation.level == "warning":
        case.add_incident("too_many", "warning", sentence, facts)
    else:
        case.refuse("refused" if column.startswith("missing_") else "collapsed", sentence, facts)


def _observed(column: str, facts: Facts) -> str | None:
    value = facts[column]
    if value is None:
        return None
    if column == "share_of_last_good":
        return f"{value:.0%}"
    return str(value) if column == "rows" else f"missing: {value or 'none'}"


def _found(column: str, facts: Facts) -> str:
    if column == "share_of_last_good":
        return f"{facts['rows']} after {facts['rows_of_last_good']}"
    return str(facts["rows"]) if column == "rows" else f"none of {facts[column]}"
