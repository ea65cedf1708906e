"""The table of `gpuledger providers`: declarations beside stored rows."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from rich.table import Table
from rich.text import Text

from flows.queries import load_query
from flows.runtime.installation import Installation
from scrapers.slots import slot_name
from warehouse.errors import NothingPublished
from warehouse.session import read_warehouse


def provider_rows(installation: Installation) -> list[dict[str, Any]]:
    """One row a source, or a provider without one.

    Keys: provider, title, status, enabled, source, cadence, last_good_slot, rows.
    """
    held = _held(installation)
    rows = []
    for provider in installation.registry.providers.values():
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
    """The rows as a table for the terminal: a line a provider, and one a source below it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("provider and sources", no_wrap=True)
    for header in ("state", "last good night"):
        table.add_column(header, no_wrap=True)
    table.add_column("rows", justify="right")
    for _, group in groupby(rows, key=lambda row: row["provider"]):
        sources = list(group)
        first = sources[0]
        state = first["status"] if first["enabled"] else f"{first['status']}, off"
        table.add_row(Text(first["title"], style="bold"), state, "", "")
        for row in sources:
            if row["source"]:
                last = slot_name(row["last_good_slot"]) if row["last_good_slot"] else "–"
                table.add_row(f"  {row['source']}", row["cadence"], last, f"{row['rows']:,}")
    return table


def _held(installation: Installation) -> dict[str, tuple[Any, int]]:
    try:
        storage = installation.published()
    except NothingPublished:
        return {}
    with read_warehouse(storage) as connection:
        answer = connection.execute(load_query("rows_by_source")).fetchall()
    return {source: (slot, rows) for source, slot, rows in answer}
