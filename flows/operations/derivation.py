"""Derivation: parsed captures of one source -> judged records, as the ledger stores them.

Everything a scrape did is put together here as ScrapeRecords, so that a failure leaves as complete a
trace as a success. No network and no Prefect in this module.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from expectations.gate import Good, Snapshot, Verdict, judge
from scrapers.page import Notes, Rejected
from scrapers.parse import Parsed, Reading
from scrapers.registry import Source
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.schema import BY_NAME

NEVER_FETCHED = "the crawl ended before this source was fetched; its log says why"


@dataclass(frozen=True)
class Identity:
    """What every row of a scrape carries."""

    run_id: str
    source: Source
    slot: datetime

    def columns(self) -> dict[str, Any]:
        """The identity columns by name, provider and parser version included."""
        return {
            "run_id": self.run_id,
            "provider": self.source.provider,
            "source": self.source.id,
            "slot": self.slot,
            "parser_version": self.source.parser_version,
        }


@dataclass
class Attempt:
    """One slot of a source on its way: what was fetched, what was read, what went wrong so far.

    `problem` is why nothing could be read, as (incident kind, sentence); `gaps` is what is missing from
    a fetch that got some of its answers; `silent` is how a service that is known to have gone failed to
    answer, which is what is expected of it; `skipped` marks one that was never fetched.
    """

    identity: Identity
    started_at: datetime
    reading: Reading | None
    problem: tuple[str, str] | None = None
    gaps: str | None = None
    silent: str | None = None
    skipped: bool = False

    @property
    def parsed(self) -> Parsed | None:
        """What the page read, None where nothing could be read."""
        return self.reading.parsed if self.reading and not self.problem else None

    @property
    def notes(self) -> Notes:
        """The findings of the crawl and of the page, whichever there was."""
        notes = Notes()
        for kind, subject, detail in self.reading.findings if self.reading else ():
            notes.add(kind, subject, detail)
        if self.parsed:
            notes.merge(self.parsed.notes)
        return notes


def judged(
    source: Source,
    readings: Mapping[datetime, Reading | None],
    last_good: Mapping[str, int],
    *,
    run_id: str,
    partial: bool = False,
    why_missing: str = NEVER_FETCHED,
    simulated: bool = False,
) -> list[ScrapeRecord]:
    """Judge what was read of a source's slots, oldest first, without storing anything.

    `simulated` nights are judged by the demo's limits.
    """
    attempts = [
        _attempt(Identity(run_id, source, slot), readings[slot], why_missing) for slot in sorted(readings)
    ]
    readable = [attempt for attempt in attempts if attempt.parsed is not None]
    verdicts: dict[datetime, Verdict] = {}
    if readable:
        snapshots = [
            Snapshot(slot=attempt.identity.slot, frames=attempt.parsed.frames, **_who(attempt.identity))
            for attempt in readable
            if attempt.parsed is not None
        ]
        judgements = judge(
            snapshots, _good(source, simulated=simulated), last_good=last_good, partial=partial
        )
        verdicts = {verdict.slot: verdict for verdict in judgements}
    return [_record(attempt, verdicts.get(attempt.identity.slot)) for attempt in attempts]


def _who(identity: Identity) -> dict[str, Any]:
    columns = identity.columns()
    del columns["slot"]
    return columns


def _good(source: Source, *, simulated: bool = False) -> dict[str, Good]:
    return {
        table: Good(
            rows_at_least=declared.rows_at_least,
            rows_warn_above=declared.rows_warn_above,
            share_of_last_good_at_least=declared.share_of_last_good_at_least,
            must_have={column: tuple(values) for column, values in declared.must_have.items()},
        )
        for table, declared in source.declared.limits(simulated=simulated).items()
    }


def _attempt(identity: Identity, reading: Reading | None, why_missing: str) -> Attempt:
    attempt = Attempt(identity, datetime.now(UTC), reading)
    if reading is None:
        attempt.problem, attempt.skipped = ("fetch_failed", why_missing), True
        return attempt
    errors = reading.outcome.errors
    if errors:
        attempt.gaps = errors[0] if len(errors) == 1 else f"{errors[0]} (and {len(errors) - 1} more)"
    if not reading.answers and identity.source.declared.format == "liveness":
        attempt.silent, attempt.gaps = f"still gone: {attempt.gaps or 'no answer'}", None
    elif not reading.answers:
        attempt.problem = ("fetch_failed", attempt.gaps or "no answer was archived")
    elif reading.broken:
        kind = "fetch_failed" if errors else "page_changed"
        attempt.problem = (kind, f"{attempt.gaps}; {reading.broken}" if errors else reading.broken)
    return attempt


def _record(attempt: Attempt, verdict: Verdict | None) -> ScrapeRecord:
    identity = attempt.identity
    status, error = _status(attempt, verdict)
    accepted = dict(verdict.accepted) if verdict else {}
    quarantined = [_rejected(identity, attempt.parsed.rejected if attempt.parsed else [])]
    incidents = [_incidents(attempt)]
    frames: dict[str, pl.DataFrame] = dict(accepted)
    if verdict:
        quarantined.append(verdict.quarantined)
        incidents.append(verdict.incidents)
        frames["expectation_results"] = verdict.results
    frames["quarantine"] = pl.concat(quarantined)
    frames["incidents"] = pl.concat(incidents)
    frames["findings"] = _findings(identity, attempt.notes)
    outcome = attempt.reading.outcome if attempt.reading else None
    if attempt.reading:
        frames["captures"] = attempt.reading.captures
    scrape = {
        **identity.columns(),
        "started_at": outcome.started_at if outcome else attempt.started_at,
        "finished_at": datetime.now(UTC),
        "status": status,
        "error": error,
        "rows_parsed": attempt.parsed.rows if attempt.parsed else 0,
        "rows_accepted": sum(frame.height for frame in accepted.values()),
        "rows_quarantined": frames["quarantine"].height,
        "capture_ids": attempt.reading.answers if attempt.reading else [],
        "robots": outcome.robots if outcome else None,
    }
    return ScrapeRecord(scrape, frames)


def _status(attempt: Attempt, verdict: Verdict | None) -> tuple[str, str | None]:
    if attempt.problem:
        return ("skipped" if attempt.skipped else "failed"), attempt.problem[1]
    if attempt.silent:
        return "ok", attempt.silent
    if verdict is None:
        return "failed", "nothing could be read"
    truncated = _truncated(attempt.notes)
    if verdict.status == "ok" and (attempt.gaps or truncated):
        return "partial", attempt.gaps or truncated
    return verdict.status, verdict.error or attempt.gaps


def _truncated(notes: Notes) -> str | None:
    subjects = [subject for kind, subject in notes.counts if kind == "truncated"]
    return f"the source cut its answer short: {', '.join(sorted(subjects))}" if subjects else None


def _incidents(attempt: Attempt) -> pl.DataFrame:
    """Incidents of fetching and reading; the gate adds those of validation."""
    rows = []
    truncated = _truncated(attempt.notes)
    if attempt.problem:
        rows.append(_incident(attempt, attempt.problem[0], "error", attempt.problem[1]))
    elif attempt.gaps:
        rows.append(_incident(attempt, "fetch_failed", "warning", attempt.gaps))
    if attempt.parsed and (sentence := _returned(attempt.parsed)):
        rows.append(_incident(attempt, "returned", "warning", sentence))
    if truncated:
        rows.append(_incident(attempt, "truncated", "warning", truncated))
    return pl.DataFrame(rows, schema=BY_NAME["incidents"].polars())


def _returned(parsed: Parsed) -> str | None:
    terms = parsed.frames.get("terms")
    if terms is None:
        return None
    back = terms.filter(pl.col("term") == "in_service", pl.col("state") == "present")
    return f"it seems to be back: {back['source_url'][0]} shows its words" if back.height else None


def _incident(attempt: Attempt, kind: str, severity: str, summary: str) -> dict[str, Any]:
    errors = list(attempt.reading.outcome.errors) if attempt.reading else []
    columns = attempt.identity.columns()
    del columns["parser_version"]
    return {
        **columns,
        "kind": kind,
        "severity": severity,
        "summary": summary,
        "evidence": json.dumps({"errors": errors}),
    }


def _rejected(identity: Identity, rejected: Sequence[Rejected]) -> pl.DataFrame:
    columns = identity.columns()
    del columns["provider"]
    rows = [
        {
            **columns,
            "table_name": item.table,
            "expectation": "the record can be read",
            "reason": item.reason,
            "record": item.record,
            "capture_id": item.capture_id,
        }
        for item in rejected
    ]
    return pl.DataFrame(rows, schema=BY_NAME["quarantine"].polars())


def _findings(identity: Identity, notes: Notes) -> pl.DataFrame:
    rows = [
        {
            "run_id": identity.run_id,
            "source": identity.source.id,
            "slot": identity.slot,
            "kind": kind,
            "subject": subject,
            "detail": notes.details[kind, subject] or None,
            "times": times,
        }
        for (kind, subject), times in notes.counts.items()
    ]
    return pl.DataFrame(rows, schema=BY_NAME["findings"].polars())


def unstored(
    source: Source, slots: Sequence[datetime], ledger: Ledger, *, run_id: str, problem: Exception
) -> list[ScrapeRecord]:
    """Append failed scrapes for slots whose own processing broke, so that the reason is on record."""
    records = []
    for slot in slots:
        attempt = Attempt(Identity(run_id, source, slot), datetime.now(UTC), reading=None)
        attempt.problem = ("refused", f"{type(problem).__name__}: {problem}")
        records.append(_record(attempt, None))
    ledger.append_all(records)
    return records
