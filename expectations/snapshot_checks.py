"""A snapshot as a whole: enough rows, what must appear, no collapse after the last good night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from expectations.gx_adapter import Result, validate
from expectations.judgement import Case
from expectations.suites import ROW_ID, Expectation, Good, table_expectations
from warehouse.schema import BY_NAME

QUARANTINED_SHARE_FOR_PARTIAL: Final = 0.2
"""Above this share of quarantined rows a snapshot is partial, and never the last good night of another."""

Facts = dict[str, Any]


def mostly_accepted(case: Case) -> bool:
    """Whether few enough rows were quarantined for the snapshot to stand as whole."""
    quarantined = len(case.quarantine)
    return quarantined <= QUARANTINED_SHARE_FOR_PARTIAL * (quarantined + case.rows_accepted)


def judge_counts(cases: Sequence[Case], good: Mapping[str, Good], last_good: Mapping[str, int]) -> None:
    """Hold snapshots, oldest first, against their source's assertions; a miss refuses the snapshot.

    The last good night of a snapshot depends on the verdicts before it. So verdicts are supposed, held
    against the assertions, and supposed anew until they stand: the n-th verdict is settled after n rounds
    at most, and one round is enough when all nights are good.
    """
    refused: set[int] = set()
    while True:
        facts = {name: _facts(name, good[name], cases, refused, last_good) for name in good}
        results = {name: validate(_summary(facts[name], good[name]), _expected(name, good)) for name in good}
        missed = {row for found in results.values() for result in found for row in _misses(result)}
        if missed == refused:
            break
        refused = missed
    for name, found in results.items():
        for result in found:
            for row, case in enumerate(cases):
                _record(case, name, result.expectation, facts[name][row], held=row not in result.failed_rows)


def _expected(name: str, good: Mapping[str, Good]) -> list[Expectation]:
    return table_expectations(BY_NAME[name], good[name])


def _misses(result: Result) -> tuple[int, ...]:
    return result.failed_rows if result.expectation.level == "table" else ()


def _facts(
    table: str, good: Good, cases: Sequence[Case], refused: set[int], last_good: Mapping[str, int]
) -> list[Facts]:
    """Each snapshot's figures, as table_expectations names them, if the `refused` ones are refused."""
    last = last_good.get(table)
    facts = []
    for index, case in enumerate(cases):
        accepted = case.accepted[table]
        fact: Facts = {
            "rows": accepted.height,
            "rows_of_last_good": last,
            "share_of_last_good": accepted.height / last if last else None,
        }
        for column, wanted in good.must_have.items():
            seen = set(accepted[column])
            fact[f"missing_{column}"] = ", ".join(value for value in wanted if value not in seen)
        facts.append(fact)
        if index not in refused and mostly_accepted(case):
            last = accepted.height
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
