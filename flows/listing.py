"""The providers as declared, beside what the warehouse holds of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.table import Table

from flows.queries import question
from scrapers.registry import providers
from scrapers.slots import slot_name
from warehouse.ledger import WAREHOUSE_FILE, read_warehouse


def provider_rows(home: Path) -> list[dict[str, Any]]:
    """One row a source, or a provider without one.

    Keys: provider, title, status, enabled, source, cadence, last_good_slot, rows.
    """
    held = _held(home / WAREHOUSE_FILE)
    rows = []
    for provider in providers().values():
        common = {
            "provider": provider.id,
            "title": provider.declared.title,
            "status": provider.declared.status,
            "enabled": provider.declared.enabled,
        }
        for source in provider.sources.values():
            last_good, count = held.get(source.id, (None, 0))
            cadence = source.declared.cadence
            rows.append(
                {
                    **common,
                    "source": source.id,
                    "cadence": cadence,
                    "last_good_slot": last_good,
                    "rows": count,
                }
            )
        if not provider.sources:
            rows.append({**common, "source": None, "cadence": None, "last_good_slot": None, "rows": 0})
    return rows


def provider_table(rows: list[dict[str, Any]]) -> Table:
    """The rows as a table for the terminal."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in ("provider", "status", "source", "cadence", "last good night"):
        table.add_column(header, no_wrap=True)
    table.add_column("rows", justify="right")
    for row in rows:
        last = slot_name(row["last_good_slot"]) if row["last_good_slot"] else "–"
        status = row["status"] if row["enabled"] else f"{row['status']}, off"
        table.add_row(
            row["title"], status, row["source"] or "–", row["cadence"] or "–", last, f"{row['rows']:,}"
        )
    return table


def _held(warehouse: Path) -> dict[str, tuple[Any, int]]:
    if not warehouse.exists():
        return {}
    with read_warehouse(warehouse) as connection:
        answer = connection.execute(question("held_by_source")).fetchall()
    return {source: (slot, rows) for source, slot, rows in answer}
