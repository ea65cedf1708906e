"""The `providers` table: every declaration, appended when it has changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flows.queries import load_query
from scrapers.registry import Provider, Registry
from warehouse.ledger import Ledger


def register(ledger: Ledger, registry: Registry, *, run_id: str, at: datetime) -> int:
    """Append the declarations that are not as they stand in the ledger; returns how many."""
    stand = {row.pop("provider"): row for row in ledger.query(load_query("declarations")).to_dicts()}
    changed = [
        {"run_id": run_id, "declared_at": at, "provider": provider.id, **declaration}
        for provider in registry.providers.values()
        if (declaration := _declaration(provider)) != stand.get(provider.id)
    ]
    if changed:
        ledger.append_rows("providers", changed)
    return len(changed)


def _declaration(provider: Provider) -> dict[str, Any]:
    declared = provider.declared
    return {
        "title": declared.title,
        "kind": declared.kind,
        "status": declared.status,
        "since": declared.since or None,
        "what_happened": declared.what_happened or None,
        "evidence": declared.evidence,
        "homepage": declared.homepage,
        "enabled": declared.enabled,
        "why_disabled": declared.why_disabled or None,
        "sources": [source.id for source in provider.sources.values()],
    }
