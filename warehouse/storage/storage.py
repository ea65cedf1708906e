"""The storage interface: everything that differs between a file and a lake."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Self

import duckdb

from warehouse.errors import GpuledgerError, NothingPublished
from warehouse.maintenance import Compaction


class Storage(ABC):
    """A place for the ledger's tables. `str()` of it is how it is named to the user."""

    attached_as: ClassVar[str]
    """The database name under which a connection sees the tables."""
    many_writers: ClassVar[bool]
    """Whether several runs may write at once; otherwise one run at a time holds the data folder's lock."""
    views_are_complete: ClassVar[bool]
    """Whether the views are stored with the comments of their columns; otherwise a reader makes its own."""

    @property
    @abstractmethod
    def published_name(self) -> str:
        """What a user opens to read what is published: the path of a file, or the address of a lake."""

    @property
    @abstractmethod
    def is_published(self) -> bool:
        """Whether there is something to read."""

    @property
    @abstractmethod
    def has_ledger(self) -> bool:
        """Whether there is a ledger to copy, as far as can be told without opening it."""

    @abstractmethod
    def check_ledger(self) -> None:
        """Raise LedgerMissing where the ledger is lost, and a copy or an archive of it is there."""

    def check_published(self) -> None:
        """Raise NothingPublished where there is nothing to read."""
        if not self.is_published:
            raise NothingPublished(
                f"there is no {self.published_name}",
                advice="run `gpuledger nightly` or `gpuledger demo` first",
            )

    # Appending

    @abstractmethod
    def open_to_append(self, *, checked: bool = True) -> duckdb.DuckDBPyConnection:
        """A connection that appends, with tables and views of today's schema.

        Without `checked` a data folder may have lost its ledger, or hold a newer published copy. Raises
        LedgerMissing, LedgerBehind, LedgerBusy, LedgerDamaged, LedgerNewer, LakeRefused or OSError.
        """

    @abstractmethod
    def cursor(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        """A cursor of a connection that appends, with the tables' database in use."""

    @abstractmethod
    def close(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Close a connection that appends, with everything written."""

    def make(self) -> None:
        """Make a ledger where there is none, and bring an older one to today's schema."""
        self.close(self.open_to_append())

    # Publishing and reading

    @abstractmethod
    def publish(self, *, replace: bool = False) -> Self:
        """Let readers see what is stored; returns itself, to be read. The ledger must be closed.

        Raises LedgerBehind, unless `replace` is set, where scrapes of a published copy would be lost.
        """

    @abstractmethod
    def republish(self, now: datetime, *, replace: bool = False) -> list[Path]:
        """Bring tables and views up to date, and publish; returns the files in which former ones are kept.

        Raises LedgerMissing, LedgerBehind, LedgerDamaged or LedgerNewer.
        """

    @abstractmethod
    def open_to_read(self, *, attached: bool) -> duckdb.DuckDBPyConnection:
        """A connection to what is published, which writes nothing.

        With `attached` the tables are those of the database `attached_as` and views can be made in the
        connection's own memory. Raises WarehouseDamaged or LakeRefused.
        """

    @abstractmethod
    def folders(self, connection: duckdb.DuckDBPyConnection) -> Sequence[str]:
        """The folders and buckets, with a / at their ends, in which a reading connection finds rows.

        Empty where they are in the file that is open.
        """

    @abstractmethod
    def as_reader(self, environment: Mapping[str, str], address: str = "", password: str = "") -> Storage:
        """The same tables for a user's question, with nothing left to be read from the environment.

        `address` and `password` are those of a lake's role that may only read, "" for the same one.
        """

    @abstractmethod
    def unreadable(self, problem: Exception) -> GpuledgerError:
        """The error for published tables that a reader cannot use."""

    @abstractmethod
    def advice_unreadable(self) -> str:
        """What to do where what is published cannot be read."""

    @abstractmethod
    def advice_wrong_rows(self) -> str:
        """What to do about rows that are not as they were stored."""

    # Maintenance

    @abstractmethod
    def compact(self, now: datetime) -> Compaction:
        """Store the same rows in fewer bytes. Raises LedgerDamaged where rows would have changed."""

    @abstractmethod
    def backup(self, now: datetime, to: Path | None = None) -> Path:
        """Copy the ledger into a folder; returns the copy.

        Raises LakeRefused for a lake; of a file LedgerMissing, LedgerDamaged, LedgerBusy or NoRoom.
        """

    @abstractmethod
    def restore(self, copy: Path, now: datetime) -> list[Path]:
        """Put a copy in the ledger's place and publish it; returns where the former files are kept.

        Raises LakeRefused for a lake; of a file LedgerDamaged or LedgerNewer.
        """

    @abstractmethod
    def begin(self, now: datetime) -> list[Path]:
        """Begin an empty ledger where the former one is lost; returns where former files are kept.

        Raises LakeRefused for a lake; of a file LedgerDamaged where there is a ledger with scrapes.
        """

    # Copying a whole ledger

    @abstractmethod
    def attach(self, connection: duckdb.DuckDBPyConnection, *, read_only: bool = False) -> None:
        """Attach the ledger itself to a connection as `attached_as`. Raises LakeRefused."""

    @abstractmethod
    def receiving(self, source: Storage) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A transaction that fills this storage: both ledgers are attached, and this one has its tables.

        The rows are there when the block ends, all of them or none. Raises CopyRefused where there are
        scrapes already, and CopyFailed where it is not known whether the commit was taken.
        """
