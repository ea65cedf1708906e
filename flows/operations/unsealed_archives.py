"""Unsealed archive files of killed crawls: no row refers to them; the next run deletes them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from scrapers.archive.writer import SEALED, UNSEALED

# Longer than any crawl may take.
_SECONDS_OF_A_CRAWL: Final = 86400.0


def unsealed(home: Path, *, age: float = _SECONDS_OF_A_CRAWL) -> list[Path]:
    """The unsealed archive files below a data folder that nothing was written to for `age` seconds."""
    newest = time.time() - age
    found = sorted((home / "raw").glob(f"*/*{SEALED}{UNSEALED}"))
    return [path for path in found if path.stat().st_mtime <= newest]


def clear_unsealed(home: Path, *, alone: bool) -> None:
    """Remove them at the start of a run; `alone` says that no other run can be crawling."""
    for path in unsealed(home, age=0 if alone else _SECONDS_OF_A_CRAWL):
        path.unlink(missing_ok=True)
