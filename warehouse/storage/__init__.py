"""Where the ledger's tables are: a DuckDB file in a data folder, or a lake that several machines write."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from warehouse.storage.lake import Lake

Storage: TypeAlias = Path | Lake
