"""Where this installation's tables are: in its data folder, or on a lake that several machines write."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from flows.runtime.settings import Settings, read_settings
from warehouse.credentials import self_contained
from warehouse.errors import GpuledgerError
from warehouse.ledger import WAREHOUSE_FILE
from warehouse.storage.lake import Lake

READER_PASSWORD: Final = "GPULEDGER_WAREHOUSE_READER_PASSWORD"  # noqa: S105 - the name of a variable
"""The variable with the password of the reader's role; else it is PGPASSWORD or ~/.pgpass."""


class NothingPublished(GpuledgerError):
    """There is no warehouse to read yet; the message says how to make one."""


def lake_of(settings: Settings) -> Lake | None:
    """The lake that the settings name, if they name one. Raises LakeRefused."""
    return Lake.parse(settings.warehouse, settings.warehouse_data) if settings.warehouse else None


def place_of(home: Path) -> Path | Lake:
    """Where the ledger of a data folder is written: the folder itself, unless the settings name a lake."""
    return lake_of(read_settings()) or home


def for_questions(home: Path) -> Path | Lake:
    """What `sql` reads: as `published`, a lake by its reader's role, with nothing left to the environment."""
    settings = read_settings()
    if not (lake := lake_of(settings)):
        return published(home)
    password = ""
    if settings.warehouse_reader:
        lake = Lake.parse(settings.warehouse_reader, settings.warehouse_data)
        password = os.environ.get(READER_PASSWORD, "")
    return self_contained(lake, os.environ, password)


def published(home: Path) -> Path | Lake:
    """The published warehouse of a data folder. Raises NothingPublished."""
    lake = lake_of(read_settings())
    if lake:
        return lake
    warehouse = home / WAREHOUSE_FILE
    if not warehouse.exists():
        raise NothingPublished(f"there is no {warehouse}; run `gpuledger nightly` or `gpuledger demo` first")
    return warehouse
