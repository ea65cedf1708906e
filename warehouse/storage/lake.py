"""The lake: the ledger's tables on DuckLake, for several writers.

The catalog is a PostgreSQL database; the rows are Parquet files in a folder that every machine sees, or in an
S3 bucket. A commit is one snapshot of the catalog: readers see all of it or none, and need no copy. Only
PostgreSQL is taken as a catalog, since the others let one process write at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import ClassVar, Final, Self

import duckdb

from warehouse.checksums import table_checksums
from warehouse.credentials import self_contained
from warehouse.errors import CopyFailed, CopyRefused, LakeRefused
from warehouse.maintenance import Compaction
from warehouse.queries import load_query
from warehouse.storage.lake_extensions import HTTPFS, is_installed, load_extensions, reach_s3
from warehouse.storage.lake_tables import NAME, compact_tables, make_tables, patiently
from warehouse.storage.storage import Storage
from warehouse.text_safety import first_line, quoted
from warehouse.transaction import transaction

_SCHEME: Final = "ducklake:postgres:"
_S3: Final = "s3://"
_SECRET: Final = "lake_catalog"  # noqa: S105 - the name of one
# libpq's own sentence comes after the connection string, quoted.
_BEFORE_REASON: Final = '": '
# DuckLake tries a commit that met another one again, by default ten times: too few for a busy night.
_COMMIT_ATTEMPTS: Final = 100


@dataclass(frozen=True)
class Lake(Storage):
    """Where a lake is: the libpq connection string of its catalog, and the folder or bucket of its files.

    The catalog remembers `data`, so that it may be "" once the lake exists.
    """

    catalog: str
    data: str = ""
    password: str = field(default="", repr=False)
    """Of the catalog, where it is not left to libpq to find it in the environment or in ~/.pgpass."""

    @classmethod
    def parse(cls, address: str, data: str = "") -> Self:
        """Read ducklake:postgres:host=db dbname=gpuledger and the like. Raises LakeRefused."""
        if re.search(r"password|:[^/@]*@", address):
            said = "the address of the warehouse holds a password"
            raise LakeRefused(said, advice="give it in PGPASSWORD or ~/.pgpass")
        if not address.startswith(_SCHEME) or not address.removeprefix(_SCHEME).strip():
            raise LakeRefused(f"{address!r} is not a warehouse", advice=f"give {_SCHEME}dbname=... host=...")
        if data and not data.startswith(_S3):
            data = str(Path(data).resolve())
        return cls(address.removeprefix(_SCHEME), data.rstrip("/"))

    attached_as: ClassVar[str] = NAME
    many_writers: ClassVar[bool] = True
    views_are_complete: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"{_SCHEME}{self.catalog}"

    def open(self, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
        """A connection in memory with the lake attached as `lake` and in use.

        One that writes makes a lake that does not exist yet. Raises LakeRefused.
        """
        connection = duckdb.connect()
        try:
            self.attach(connection, read_only=read_only)
            connection.execute(f"USE {NAME}")
        except BaseException:
            connection.close()
            raise
        return connection

    @property
    def published_name(self) -> str:
        return str(self)

    @property
    def is_published(self) -> bool:
        return True

    @property
    def has_ledger(self) -> bool:
        return True

    def check_ledger(self) -> None:
        return

    def open_to_append(self, *, checked: bool = True) -> duckdb.DuckDBPyConnection:
        connection = self.open()
        try:
            patiently(partial(self._make, connection))
        except BaseException:
            connection.close()
            raise
        return connection

    def cursor(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        cursor = connection.cursor()
        # What a connection uses is its own affair, and a cursor is a connection.
        cursor.execute(f"USE {NAME}")
        return cursor

    def close(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.close()

    def publish(self, *, replace: bool = False) -> Self:
        # Every commit is published.
        return self

    def republish(self, now: datetime, *, replace: bool = False) -> list[Path]:
        self.make()
        return []

    def open_to_read(self, *, attached: bool) -> duckdb.DuckDBPyConnection:
        return self.open(read_only=True)

    def folders(self, connection: duckdb.DuckDBPyConnection) -> Sequence[str]:
        asked = f"SELECT data_path FROM ducklake_settings('{NAME}')"  # noqa: S608
        ((path,),) = connection.execute(asked).fetchall()
        return (str(path),)

    def as_reader(self, environment: Mapping[str, str], address: str = "", password: str = "") -> Storage:
        lake = Lake.parse(address, self.data) if address else self
        return replace(
            lake,
            catalog=self_contained(lake.catalog, environment),
            password=password or environment.get("PGPASSWORD", ""),
        )

    def unreadable(self, problem: Exception) -> LakeRefused:
        said = f"{self} has no ledger yet, or one of another version ({first_line(problem)})"
        return LakeRefused(said, advice="`gpuledger publish` brings it up to date")

    def advice_unreadable(self) -> str:
        return self.advice_wrong_rows()

    def advice_wrong_rows(self) -> str:
        return "restore its database and its files from your copies of them"

    def checksums(self) -> dict[str, tuple[int, int]]:
        """Rows of every table and the sum of their hashes."""
        with self.open(read_only=True) as connection:
            return table_checksums(connection)

    def compact(self, now: datetime) -> Compaction:
        with self.open() as connection:
            return compact_tables(connection, now)

    def backup(self, now: datetime, to: Path | None = None) -> Path:
        raise self._not_a_file("copy it into a folder by `gpuledger ledger copy FOLDER`")

    def restore(self, copy: Path, now: datetime) -> list[Path]:
        raise self._not_a_file(
            "restore its database and its files, or `gpuledger ledger copy` into an empty one"
        )

    def begin(self, now: datetime) -> list[Path]:
        raise self._not_a_file("name an empty database in GPULEDGER_WAREHOUSE instead")

    @contextmanager
    def receiving(self, source: Storage) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect() as connection:
            self.attach(connection)
            source.attach(connection, read_only=True)
            connection.execute(f"USE {NAME}")
            connection.execute("BEGIN")
            if "scrapes" in {name for (name,) in connection.execute(load_query("tables")).fetchall()}:
                ((scrapes,),) = connection.execute("SELECT count(*) FROM scrapes").fetchall()
                if scrapes:
                    raise CopyRefused(f"{self} holds scrapes already", advice="copy into an empty place")
            make_tables(connection)
            yield connection
            try:
                connection.execute("COMMIT")
            except duckdb.Error as problem:
                unknown = f"whether {self} took the copy is not known"
                advice = "copy again, which is refused where it did"
                raise CopyFailed(f"{first_line(problem)}; {unknown}", advice=advice) from problem

    def attach(self, connection: duckdb.DuckDBPyConnection, *, read_only: bool = False) -> None:
        """Attach the lake to a connection as `lake`. Raises LakeRefused."""
        load_extensions(connection)
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET ducklake_max_retry_count = {_COMMIT_ATTEMPTS}")
        # Where only the catalog knows the place of the files, it may be a bucket, which ATTACH reads.
        if self.data.startswith(_S3) or (not self.data and is_installed(HTTPFS)):
            reach_s3(connection)
        options = [f"DATA_PATH {quoted(f'{self.data}/')}"] if self.data else []
        if self.password:
            secret = f"CREATE OR REPLACE SECRET {_SECRET} (TYPE postgres, PASSWORD {quoted(self.password)})"
            connection.execute(secret)
            options.append(f"META_SECRET {quoted(_SECRET)}")
        try:
            if read_only:
                # Held at one snapshot, all that is read fits together, whoever writes meanwhile.
                options += ["READ_ONLY", f"SNAPSHOT_VERSION {self._newest(connection, options)}"]
            patiently(partial(self._attach_as, connection, options))
        except duckdb.Error as problem:
            raise self._why_not(problem) from problem

    def _make(self, connection: duckdb.DuckDBPyConnection) -> None:
        with transaction(self.cursor(connection)) as cursor:
            make_tables(cursor)

    def _not_a_file(self, advice: str) -> LakeRefused:
        return LakeRefused(f"the ledger is {self} and not a file", advice=advice)

    def _newest(self, connection: duckdb.DuckDBPyConnection, options: list[str]) -> int:
        self._attach_as(connection, [*options, "READ_ONLY"])
        asked = f"SELECT id FROM ducklake_current_snapshot('{NAME}')"  # noqa: S608
        ((snapshot,),) = connection.execute(asked).fetchall()
        connection.execute(f"DETACH {NAME}")
        return int(snapshot)

    def _attach_as(self, connection: duckdb.DuckDBPyConnection, options: list[str]) -> None:
        with_options = f" ({', '.join(options)})" if options else ""
        connection.execute(f"ATTACH {quoted(str(self))} AS {NAME}{with_options}")

    def _why_not(self, problem: duckdb.Error) -> LakeRefused:
        said = first_line(problem)
        if "does not match existing data path" in said:
            elsewhere = f"{self} keeps its files elsewhere than GPULEDGER_WAREHOUSE_DATA says: {said}"
            return LakeRefused(elsewhere, advice="correct GPULEDGER_WAREHOUSE_DATA, or leave it empty")
        if "does not exist" in said and "creating a new DuckLake" in said:
            advice = "run `gpuledger nightly`, or `gpuledger ledger copy` into it"
            return LakeRefused(f"there is no lake at {self} yet", advice=advice)
        if "DATA_PATH" in said or "data path" in said.lower():
            advice = "say in GPULEDGER_WAREHOUSE_DATA where its files go"
            return LakeRefused(f"{self} does not exist yet", advice=advice)
        return LakeRefused(f"{self} cannot be opened: {said.rpartition(_BEFORE_REASON)[2]}")
