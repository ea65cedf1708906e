"""Where this installation's tables are: in its data folder, or on a lake that several machines write."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from flows.runtime.settings import Settings, read_settings
from warehouse.storage import Storage, storage_of

READER_PASSWORD: Final = "GPULEDGER_WAREHOUSE_READER_PASSWORD"  # noqa: S105 - the name of a variable
"""The variable with the password of the reader's role; else it is PGPASSWORD or ~/.pgpass."""


def configured_storage(home: Path, settings: Settings) -> Storage:
    """Where the settings say that the tables of a data folder are. Raises LakeRefused."""
    return storage_of(home, settings.warehouse, settings.warehouse_data)


def place_of(home: Path) -> Storage:
    """Where the ledger of a data folder is written: the folder itself, unless the settings name a lake."""
    return configured_storage(home, read_settings())


def for_questions(home: Path) -> Storage:
    """What `sql` reads: as `published`, a lake by its reader's role, with nothing left to the environment."""
    reader = read_settings().warehouse_reader
    password = os.environ.get(READER_PASSWORD, "") if reader else ""
    return published(home).as_reader(os.environ, reader, password)


def published(home: Path) -> Storage:
    """The published warehouse of a data folder. Raises NothingPublished."""
    storage = place_of(home)
    storage.check_published()
    return storage
