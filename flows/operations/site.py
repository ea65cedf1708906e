"""The report of a data folder, rendered by one process at a time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from flows.runtime.lock import run_lock
from reports import build
from warehouse.materialized import cache_folder
from warehouse.storage import Storage


def render(home: Path, storage: Storage, as_of: datetime) -> list[Path]:
    """Render the site, once another process that renders it has done so; returns the pages' paths."""
    # Two runs on a lake, or a run and `gpuledger report`, may render the site at the same time.
    with run_lock(home, "site", lock_file="site.lock", queue=True):
        return build.build(storage, home / "site", as_of=as_of, cache=cache_folder(home))
