"""A data folder as a storage: ledger.duckdb, which one run at a time writes, and its published copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Self

import duckdb

from warehouse import ledger_file, maintenance, restore
from warehouse.atomic import put_database, scratch
from warehouse.data_folder import LEDGER_FILE, WAREHOUSE_FILE, anew, refuse_without_ledger, scrapes_in
from warehouse.errors import CopyRefused, WarehouseDamaged
from warehouse.maintenance import Compaction
from warehouse.storage.storage import Storage
from warehouse.stray_log import alone, report_stray_logs
from warehouse.text_safety import first_line, quoted


@dataclass(frozen=True)
class FileStorage(Storage):
    """The ledger of a data folder."""

    home: Path

    attached_as: ClassVar[str] = "stored"
    many_writers: ClassVar[bool] = False
    views_are_complete: ClassVar[bool] = True

    def __str__(self) -> str:
        return str(self.home)

    @property
    def ledger_file(self) -> Path:
        """The file that a run appends to."""
        return self.home / LEDGER_FILE

    @property
    def warehouse_file(self) -> Path:
        """The published copy, which users read."""
        return self.home / WAREHOUSE_FILE

    @property
    def published_name(self) -> str:
        return str(self.warehouse_file)

    @property
    def is_published(self) -> bool:
        return self.warehouse_file.exists()

    @property
    def has_ledger(self) -> bool:
        return self.ledger_file.exists()

    def check_ledger(self) -> None:
        refuse_without_ledger(self.home)

    def open_to_append(self, *, checked: bool = True) -> duckdb.DuckDBPyConnection:
        return ledger_file.open_ledger(self.home, checked=checked)

    def cursor(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        return connection.cursor()

    def close(self, connection: duckdb.DuckDBPyConnection) -> None:
        ledger_file.close_ledger(connection)

    def publish(self, *, replace: bool = False) -> Self:
        ledger_file.publish_copy(self.home, replace=replace)
        return self

    def republish(self, now: datetime, *, replace: bool = False) -> list[Path]:
        return restore.republish(self.home, now, replace=replace)

    def open_to_read(self, *, attached: bool) -> duckdb.DuckDBPyConnection:
        report_stray_logs(self.warehouse_file)
        try:
            with alone(self.warehouse_file) as path:
                connection = duckdb.connect("" if attached else str(path), read_only=not attached)
                if attached:
                    connection.execute(f"ATTACH {quoted(str(path))} AS {self.attached_as} (READ_ONLY)")
        except duckdb.Error as problem:
            raise self.unreadable(problem) from problem
        connection.execute("SET TimeZone = 'UTC'")
        return connection

    def folders(self, connection: duckdb.DuckDBPyConnection) -> Sequence[str]:
        return ()

    def as_reader(self, environment: Mapping[str, str], address: str = "", password: str = "") -> Storage:
        return self

    def unreadable(self, problem: Exception) -> WarehouseDamaged:
        if isinstance(problem, duckdb.CatalogException):
            said = f"{self.warehouse_file} was published by another version ({first_line(problem)})"
            return WarehouseDamaged(said, advice="run `gpuledger publish`")
        said = f"{self.warehouse_file} cannot be read ({first_line(problem)})"
        return WarehouseDamaged(said, advice=self.advice_unreadable())

    def advice_unreadable(self) -> str:
        return anew(self.home)

    def advice_wrong_rows(self) -> str:
        return "bring a backup back with `gpuledger ledger restore`"

    def compact(self, now: datetime) -> Compaction:
        return maintenance.compact(self.home)

    def backup(self, now: datetime, to: Path | None = None) -> Path:
        return maintenance.backup(self.home, now, to)

    def restore(self, copy: Path, now: datetime) -> list[Path]:
        return restore.restore(self.home, copy, now)

    def begin(self, now: datetime) -> list[Path]:
        return restore.begin(self.home, now)

    def attach(self, connection: duckdb.DuckDBPyConnection, *, read_only: bool = False) -> None:
        option = " (READ_ONLY)" if read_only else ""
        connection.execute(f"ATTACH {quoted(str(self.ledger_file))} AS {self.attached_as}{option}")

    @contextmanager
    def receiving(self, source: Storage) -> Iterator[duckdb.DuckDBPyConnection]:
        files = (self.ledger_file, self.warehouse_file)
        if any(scrapes_in(file) for file in files):
            raise CopyRefused(f"{self} holds scrapes already", advice="copy into an empty place")
        with scratch(self.home, "copy") as folder:
            fresh = FileStorage(folder)
            fresh.make()
            with duckdb.connect() as connection:
                connection.execute("SET TimeZone = 'UTC'")
                source.attach(connection, read_only=True)
                fresh.attach(connection)
                connection.execute("BEGIN")
                yield connection
                connection.execute("COMMIT")
            put_database(fresh.ledger_file, self.ledger_file)
