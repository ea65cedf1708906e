"""Where the ledger's tables are: a DuckDB file in a data folder, or a lake that several machines write."""

from __future__ import annotations

from pathlib import Path

from warehouse.storage.file import FileStorage
from warehouse.storage.lake import Lake
from warehouse.storage.storage import Storage

__all__ = ["FileStorage", "Lake", "Storage", "storage_of"]


def storage_of(home: Path, warehouse: str = "", warehouse_data: str = "") -> Storage:
    """The storage of an installation: its data folder, unless `warehouse` is the address of a lake.

    `warehouse_data` is where the lake has its files. Raises LakeRefused.
    """
    return Lake.parse(warehouse, warehouse_data) if warehouse else FileStorage(home)
