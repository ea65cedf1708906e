"""The judgement of one snapshot: its results, incidents and quarantine so far, as rows of the tables."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import polars as pl

from expectations.suites import Level
from warehouse.schema import BY_NAME


@dataclass(frozen=True)
class Snapshot:
    """One scrape's frames by table, each with its table's schema, and who it is.

    The identity stands here too because a snapshot can be empty.
    """

    slot: datetime
    frames: Mapping[str, pl.DataFrame]
    run_id: str
    provider: str
    source: str
    parser_version: str

    @property
    def rows(self) -> int:
        """Rows of all frames."""
        return sum(frame.height for frame in self.frames.values())

    def identity(self, table: str) -> dict[str, Any]:
        """The identity columns that a table of the ledger has."""
        mine = {
            "run_id": self.run_id,
            "provider": self.provider,
            "source": self.source,
            "slot": self.slot,
            "parser_version": self.parser_version,
        }
        return {name: value for name, value in mine.items() if name in BY_NAME[table].by_name}


@dataclass
class Case:
    """A snapshot and what was found about it.

    `accepted` holds the rows that passed, by table; `refusals` says, a sentence each, why the whole
    snapshot is refused; the lists hold rows of the ledger's tables of these names.
    """

    snapshot: Snapshot
    accepted: dict[str, pl.DataFrame] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    quarantine: list[dict[str, Any]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    incidents: list[dict[str, Any]] = field(default_factory=list)

    @property
    def rows_accepted(self) -> int:
        """Rows that passed so far."""
        return sum(frame.height for frame in self.accepted.values())

    def refuse(
        self, kind: Literal["refused", "collapsed"], sentence: str, evidence: Mapping[str, Any]
    ) -> None:
        """Refuse the whole snapshot, and have a person look at it."""
        self.refusals.append(sentence)
        self.add_incident(kind, "error", sentence, evidence)

    def add_incident(
        self, kind: str, severity: Literal["error", "warning"], summary: str, evidence: Mapping[str, Any]
    ) -> None:
        """Record what a person should look at; `evidence` holds the figures."""
        self.incidents.append(
            {
                **self.snapshot.identity("incidents"),
                "kind": kind,
                "severity": severity,
                "summary": summary,
                "evidence": as_json(evidence),
            }
        )

    def add_result(
        self,
        table: str,
        expectation: str,
        level: Level,
        *,
        success: bool,
        rows_failed: int = 0,
        observed: str | None = None,
    ) -> None:
        """Record the outcome of an expectation."""
        self.results.append(
            {
                **self.snapshot.identity("expectation_results"),
                "table_name": table,
                "expectation": expectation,
                "level": level,
                "success": success,
                "rows_failed": rows_failed,
                "observed": observed,
            }
        )

    def add_quarantined(self, table: str, row: Mapping[str, Any], expectation: str, reason: str) -> None:
        """Quarantine a row: the first expectation it failed, and in words all that it failed."""
        self.quarantine.append(
            {
                **self.snapshot.identity("quarantine"),
                "table_name": table,
                "expectation": expectation,
                "reason": reason,
                "record": as_json({name: value for name, value in row.items() if value is not None}),
                "capture_id": row["capture_id"],
            }
        )


def as_json(values: Mapping[str, Any]) -> str:
    """The values as JSON; not-a-number and infinities, which JSON does not have, become text."""
    finite = {
        name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in values.items()
    }
    return json.dumps(finite, default=_as_text, allow_nan=False, ensure_ascii=False)


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
