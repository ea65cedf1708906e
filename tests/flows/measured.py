"""What the long runs measured, written into docs/reliability.md."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"


def write(name: str, text: str) -> None:
    """Replace the paragraph of one measurement, with the day and the machine."""
    whole = DOCUMENT.read_text(encoding="utf-8")
    begin, end = f"<!-- {name.lower()}: begin -->", f"<!-- {name.lower()}: end -->"
    stamp = f"Measured on {datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores."
    block = f"{begin}\n\n{text} {stamp}\n\n{end}"
    place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    replaced, found = place.subn(lambda _: block, whole)
    if not found:
        raise ValueError(f"{DOCUMENT.name} has no place for {name}")
    DOCUMENT.write_text(replaced, encoding="utf-8")
