"""Anomaly detection after an append: each stored snapshot against the earlier ones of its source."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from expectations.anomalies import SnapshotSummary, anomalies
from expectations.limits import DETECTOR
from flows.queries import load_query
from scrapers.registry import Source
from scrapers.slots import LENGTH
from warehouse.ledger import Ledger

_COLUMNS: Final = (
    "region",
    "country",
    "usd_per_hour",
    "gpu_memory_gib",
    "vcpus",
    "ram_gib",
    "disk_gib",
    "reliability",
    "throughput",
    "interruption_high",
)


def detect_anomalies(source: Source, slots: Sequence[datetime], ledger: Ledger, *, run_id: str) -> int:
    """Append an incident for whatever is odd about these stored slots; returns how many."""
    history = _history(source, slots, ledger)
    incidents = [incident for slot in slots for incident in _incidents(source, slot, history, run_id)]
    if incidents:
        ledger.append_rows("incidents", incidents)
    return len(incidents)


def _history(source: Source, slots: Sequence[datetime], ledger: Ledger) -> list[SnapshotSummary]:
    """The snapshots from the lookback of the first of these slots to the last of them, oldest first.

    A run without a change may be as long as the time before it that its habit is counted over.
    """
    limits = DETECTOR[source.declared.cadence]
    asked = {
        "source": source.id,
        "first": min(slots),
        "until": max(slots),
        "since": min(slots) - 2 * limits.habit_lookback * LENGTH[source.declared.cadence],
        "snapshots": 2 * limits.least_habit_snapshots,
    }
    rows = ledger.query(load_query("snapshots_of_source"), asked).to_dicts()
    return [
        SnapshotSummary(
            slot=row["slot"],
            rows=row["rows"],
            prices=row["prices"],
            captures=row["captures"],
            middle=row["middle"],
            filled={column: row[column] / row["rows"] for column in _COLUMNS},
            models=frozenset(row["models"] or ()),
        )
        for row in rows
    ]


def _incidents(
    source: Source, slot: datetime, history: Sequence[SnapshotSummary], run_id: str
) -> Iterator[dict[str, Any]]:
    now = next((snapshot for snapshot in history if snapshot.slot == slot), None)
    if now is None:
        return
    for anomaly in anomalies(history, now, source.declared.cadence):
        yield {
            "run_id": run_id,
            "provider": source.provider,
            "source": source.id,
            "slot": slot,
            "kind": anomaly.kind,
            "severity": "warning",
            "summary": anomaly.summary,
            "evidence": json.dumps(anomaly.evidence),
        }
