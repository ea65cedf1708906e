"""The validation gate: a source's frames -> accepted rows, quarantined rows, a verdict for each snapshot.

Three fates and no fourth: a row is accepted, a row is quarantined with its reason and record, or the
whole snapshot is refused (its captures stay in the archive, to be read again by a mended parser).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import polars as pl

from expectations.crossed_prices import look_for_crossed_prices
from expectations.gx_adapter import GateBroken
from expectations.judgement import Case, Snapshot
from expectations.row_checks import judge_rows
from expectations.snapshot_checks import judge_counts, mostly_accepted
from expectations.suites import Good
from warehouse.schema import BY_NAME, Table

__all__ = ["GateBroken", "Good", "Snapshot", "Verdict", "judge"]

_TYPED: Final = "columns and types of the table"


@dataclass(frozen=True)
class Verdict:
    """What becomes of a snapshot.

    `accepted` holds the rows to store by table, none when the snapshot is refused; `quarantined`,
    `results` and `incidents` are frames of the quarantine, expectation_results and incidents tables.
    `error` says in a sentence why a snapshot is not ok, None for an excerpt that has no other fault.
    """

    slot: datetime
    status: Literal["ok", "partial", "failed"]
    error: str | None
    accepted: dict[str, pl.DataFrame]
    quarantined: pl.DataFrame
    results: pl.DataFrame
    incidents: pl.DataFrame


def judge(
    snapshots: Sequence[Snapshot],
    good: Mapping[str, Good],
    *,
    last_good: Mapping[str, int],
    partial: bool = False,
) -> list[Verdict]:
    """Judge snapshots of one source, one a slot; the verdicts come oldest first.

    `good` holds the source's assertions by table; `last_good` the rows by table of the last good night
    before the first slot. Within the batch every ok verdict becomes the next one's last good. `partial`
    lifts the assertions on whole snapshots, for excerpts.

    Raises ValueError for two snapshots of one slot and for assertions that fit no table, GateBroken when
    the validation itself fails.
    """
    cases = [Case(snapshot) for snapshot in sorted(snapshots, key=lambda one: one.slot)]
    if len({snapshot.slot for snapshot in snapshots}) < len(cases):
        raise ValueError("two snapshots of one slot cannot be judged together")
    for case in cases:
        _admit(case, good)
    admitted = _standing(cases)
    if admitted:
        for table in good:
            judge_rows(BY_NAME[table], admitted)
    for case in admitted:
        _refuse_without_rows(case)
    if not partial:
        judge_counts(_standing(cases), good, last_good)
    for case in _standing(cases):
        look_for_crossed_prices(case)
    return [_verdict(case, partial=partial) for case in cases]


def _standing(cases: Sequence[Case]) -> list[Case]:
    return [case for case in cases if not case.refusals]


def _admit(case: Case, good: Mapping[str, Good]) -> None:
    """Refuse what cannot be judged: frames that are not of their tables, or no row at all."""
    frames = case.snapshot.frames
    for table in sorted(frames.keys() - good.keys()):
        case.refuse("refused", f"{table}: the source does not declare rows of this table", {"table": table})
    for name in good:
        faults = list(_faults(frames.get(name), BY_NAME[name]))
        case.add_result(name, _TYPED, "table", success=not faults, observed="; ".join(faults) or None)
        if faults:
            case.refuse("refused", f"{name}: {'; '.join(faults)}", {"table": name, "faults": faults})
    if not case.refusals and not case.snapshot.rows:
        case.refuse("collapsed", "no rows were read from the captures", {"rows": 0})


def _faults(frame: pl.DataFrame | None, table: Table) -> Iterator[str]:
    """Where a frame departs from its table, a phrase each."""
    if frame is None:
        yield "the frame is missing"
        return
    expected = table.polars()
    for column in expected.keys() - frame.schema.keys():
        yield f"column {column} is missing"
    for column, found in frame.schema.items():
        if column not in expected:
            yield f"column {column} is not declared"
        elif found != expected[column]:
            yield f"column {column} is {found}, expected {expected[column]}"


def _refuse_without_rows(case: Case) -> None:
    if case.rows_accepted:
        return
    failed = {row["expectation"]: row["rows_failed"] for row in case.results if row["rows_failed"]}
    reasons = ", ".join(f"{rows} failed {name!r}" for name, rows in failed.items())
    sentence = f"none of {case.snapshot.rows} rows could be accepted: {reasons}"
    case.refuse("refused", sentence, {"rows": case.snapshot.rows, "rows_failed": failed})


def _verdict(case: Case, *, partial: bool) -> Verdict:
    status: Literal["ok", "partial", "failed"] = "partial" if partial else "ok"
    error = None
    if case.refusals:
        status, error = "failed", "; ".join(case.refusals)
    elif not mostly_accepted(case):
        figures = {"rows": case.snapshot.rows, "quarantined": len(case.quarantine)}
        status, error = "partial", "{quarantined} of {rows} rows were quarantined".format(**figures)
        case.add_incident("rows_quarantined", "error", error, figures)
    return Verdict(
        slot=case.snapshot.slot,
        status=status,
        error=error,
        accepted={} if case.refusals else case.accepted,
        quarantined=_frame("quarantine", [] if case.refusals else case.quarantine),
        results=_frame("expectation_results", case.results),
        incidents=_frame("incidents", case.incidents),
    )


def _frame(table: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=BY_NAME[table].polars())
