"""docs/coverage.md: what is parsed from each provider.

What is read comes from a ledger, so that the page claims nothing that a parser has not done. `make docs`
writes it from the demo's.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from flows.queries import load_query
from flows.runtime.installation import Installation
from scrapers.registry import Provider
from warehouse.session import read_warehouse

COLUMNS: Final = ("on_demand", "spot", "reserved", "availability", "plans", "terms")
_HEAD: Final = ("provider", "state", *(name.replace("_", " ") for name in COLUMNS), "remark")
_ABOUT: Final = """# Coverage

What the demo has read from each provider: each cell was filled by a parser. A price that a source does
not state (IBM's profiles) is not a price here. Providers that are off by default, and sources that need a
key, have parsers and tests and no place in the demo. `make docs` writes this page.
"""


def outdated(installation: Installation, document: Path) -> str:
    """What to type where the document does not say what the ledger has read, "" where it does."""
    if document.read_text(encoding="utf-8") == coverage(installation):
        return ""
    return f"{document.name} does not say what the demo reads now: run `make docs` and commit what it writes"


def coverage(installation: Installation) -> str:
    """The page as Markdown, one line a provider, from a warehouse that has read them all."""
    with read_warehouse(installation.published()) as connection:
        answer = connection.execute(load_query("coverage")).pl()
    read = {row["provider"]: row for row in answer.to_dicts()}
    lines = [_line(_HEAD), _line("---" for _ in _HEAD)]
    for provider in installation.registry.providers.values():
        marks = ("yes" if read.get(provider.id, {}).get(name) else "" for name in COLUMNS)
        lines.append(_line((provider.declared.title, _state(provider), *marks, _remark(provider))))
    return _ABOUT + "\n" + "\n".join(lines) + "\n"


def _state(provider: Provider) -> str:
    if not provider.declared.enabled:
        return "off"
    since = f" since {provider.declared.since}" if provider.declared.since else ""
    return f"{provider.declared.status}{since}"


def _remark(provider: Provider) -> str:
    keys = (
        f"`{source.name}` needs `{credential.variable}`."
        for source in provider.sources.values()
        if (credential := source.declared.credential)
    )
    return " ".join((provider.declared.what_happened or provider.declared.why_disabled, *keys)).strip()


def _line(cells: Iterable[Any]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(coverage(Installation.of_process(sys.argv[1])))
