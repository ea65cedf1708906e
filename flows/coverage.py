"""The coverage table of docs/coverage.md: what is read from each provider, and what it takes.

What is read comes from a ledger, so that the table claims nothing that a parser has not done.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from flows.queries import question
from scrapers.registry import Provider, providers
from warehouse.ledger import WAREHOUSE_FILE, read_warehouse

COLUMNS: Final = ("on_demand", "spot", "reserved", "availability", "plans", "terms")
_HEAD: Final = ("provider", "state", *(name.replace("_", " ") for name in COLUMNS), "key needed")


def coverage_table(home: Path) -> str:
    """The table as Markdown, one line a provider, from a warehouse that has read them all."""
    with read_warehouse(home / WAREHOUSE_FILE) as connection:
        answer = connection.execute(question("coverage")).pl()
    read = {row["provider"]: row for row in answer.to_dicts()}
    lines = [_line(_HEAD), _line("---" for _ in _HEAD)]
    for provider in providers().values():
        known = read.get(provider.id, {})
        lines.append(_line((provider.declared.title, _state(provider), *_marks(known), _keys(provider))))
    return "\n".join(lines) + "\n"


def _state(provider: Provider) -> str:
    if not provider.declared.enabled:
        return "off by default"
    since = f" ({provider.declared.since})" if provider.declared.since else ""
    return f"{provider.declared.status}{since}"


def _marks(known: Mapping[str, Any]) -> list[str]:
    return ["yes" if known.get(name) else "" for name in COLUMNS]


def _keys(provider: Provider) -> str:
    """The variables that hold keys, and whether there is anything to read without them."""
    keyed = [source for source in provider.sources.values() if source.declared.credential]
    names = ", ".join(
        f"`{source.declared.credential.variable}` for {source.name}"
        for source in keyed
        if source.declared.credential
    )
    return names or "no"


def _line(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"
