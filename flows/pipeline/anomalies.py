"""The watch: each stored night of a source against its own nights before, and what is odd as incidents."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from expectations.anomalies import Night, alarms
from flows.queries import load_query
from scrapers.registry import Source
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


def watch(source: Source, slots: Sequence[datetime], ledger: Ledger, *, run_id: str) -> int:
    """Append an incident for whatever is odd about these stored slots; returns how many."""
    nights = _nights(source, max(slots), ledger)
    incidents = [incident for slot in slots for incident in _incidents(source, slot, nights, run_id)]
    if incidents:
        ledger.append_rows("incidents", incidents)
    return len(incidents)


def _nights(source: Source, until: datetime, ledger: Ledger) -> list[Night]:
    rows = ledger.query(load_query("snapshots_of_source"), {"source": source.id, "until": until}).to_dicts()
    return [
        Night(
            slot=row["slot"],
            rows=row["rows"],
            prices=row["prices"],
            captures=row["captures"],
            middle=row["middle"],
            filled={column: row[column] / row["rows"] for column in _COLUMNS},
            models=frozenset(row["models"] or ()),
        )
        for row in reversed(rows)
    ]


def _incidents(
    source: Source, slot: datetime, nights: Sequence[Night], run_id: str
) -> Iterator[dict[str, Any]]:
    until = [night for night in nights if night.slot <= slot]
    if not until or until[-1].slot != slot:
        return
    for alarm in alarms(until):
        yield {
            "run_id": run_id,
            "provider": source.provider,
            "source": source.id,
            "slot": slot,
            "kind": alarm.kind,
            "severity": "warning",
            "summary": alarm.summary,
            "evidence": json.dumps(alarm.evidence),
        }
