"""The ledger's tables on DuckLake, for installations in which several machines write at once.

The catalog is a PostgreSQL database; the rows are Parquet files in a folder that every machine sees, or in an
S3 bucket. A commit is one snapshot of the catalog: readers see all of it or none, and need no copy. Only
PostgreSQL is taken as a catalog, since the others let one process write at a time. The DuckDB extensions come
from their packages (`pip install gpuledger[lake]`), never from the network.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

import duckdb

from warehouse.ddl import SORTED
from warehouse.errors import GpuledgerError
from warehouse.text_safety import first_line, quoted
from warehouse.views import view_statements

NAME: Final = "lake"
"""What a lake is attached as."""
KEPT: Final = timedelta(days=7)
"""How long packing leaves the files of replaced snapshots for readers that still use them."""
_SCHEME: Final = "ducklake:postgres:"
_EXTENSIONS: Final = ("ducklake", "postgres_scanner")
_HTTPFS: Final = "httpfs"
_S3: Final = "s3://"
_SECRET: Final = "lake_catalog"  # noqa: S105 - the name of one
# libpq's own sentence comes after the connection string, quoted.
_BEFORE_REASON: Final = '": '
# DuckLake tries a commit that met another one again, by default ten times: too few for a busy night.
_COMMIT_ATTEMPTS: Final = 100
_ATTEMPTS_TO_MAKE: Final = 20
# How PostgreSQL and DuckLake say that another process was first.
_MADE_BY_ANOTHER: Final = ("already exists", "duplicate key", "onflict")


class LakeRefused(GpuledgerError):
    """The lake cannot be used; the message says what to mend."""


@dataclass(frozen=True)
class Lake:
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
        if not address.startswith(_SCHEME) or not address.removeprefix(_SCHEME).strip():
            raise LakeRefused(f"{address!r} is no warehouse: give {_SCHEME}dbname=... host=...")
        if re.search(r"password|:[^/@]*@", address):
            raise LakeRefused(
                f"a password stands in the address after {_SCHEME}; give it in PGPASSWORD or ~/.pgpass"
            )
        if data and not data.startswith(_S3):
            data = str(Path(data).resolve())
        return cls(address.removeprefix(_SCHEME), data.rstrip("/"))

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

    def files(self, connection: duckdb.DuckDBPyConnection) -> str:
        """The folder or bucket that holds the lake's files, with a / at its end."""
        asked = f"SELECT data_path FROM ducklake_settings('{NAME}')"  # noqa: S608
        ((path,),) = connection.execute(asked).fetchall()
        return str(path)

    def attach(self, connection: duckdb.DuckDBPyConnection, *, read_only: bool = False) -> None:
        """Attach the lake to a connection as `lake`. Raises LakeRefused."""
        for extension in _EXTENSIONS:
            connection.execute(f"LOAD {quoted(_packaged(extension))}")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET ducklake_max_retry_count = {_COMMIT_ATTEMPTS}")
        # Where only the catalog knows the place of the files, it may be a bucket, which ATTACH reads.
        if self.data.startswith(_S3) or (not self.data and _is_installed(_HTTPFS)):
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
            raise LakeRefused(self._why_not(problem)) from problem

    def _newest(self, connection: duckdb.DuckDBPyConnection, options: list[str]) -> int:
        self._attach_as(connection, [*options, "READ_ONLY"])
        asked = f"SELECT id FROM ducklake_current_snapshot('{NAME}')"  # noqa: S608
        ((snapshot,),) = connection.execute(asked).fetchall()
        connection.execute(f"DETACH {NAME}")
        return int(snapshot)

    def _attach_as(self, connection: duckdb.DuckDBPyConnection, options: list[str]) -> None:
        with_options = f" ({', '.join(options)})" if options else ""
        connection.execute(f"ATTACH {quoted(str(self))} AS {NAME}{with_options}")

    def _why_not(self, problem: duckdb.Error) -> str:
        said = first_line(problem)
        if "does not match existing data path" in said:
            return f"{self} keeps its files elsewhere than GPULEDGER_WAREHOUSE_DATA says: {said}"
        if "does not exist" in said and "creating a new DuckLake" in said:
            return (
                f"there is no lake at {self} yet: run `gpuledger nightly`, or `gpuledger ledger copy` into it"
            )
        if "DATA_PATH" in said or "data path" in said.lower():
            return f"{self} does not exist yet: say in GPULEDGER_WAREHOUSE_DATA where its files go"
        return f"{self} cannot be opened: {said.rpartition(_BEFORE_REASON)[2]}"


def patiently(make: Callable[[], None]) -> None:
    """Make what other processes may be making too: who meets one waits a moment and looks again."""
    for left in reversed(range(_ATTEMPTS_TO_MAKE)):
        try:
            make()
        except duckdb.Error as problem:
            if not left or not any(words in str(problem) for words in _MADE_BY_ANOTHER):
                raise
            time.sleep(random.random())  # noqa: S311 - so that two that met do not meet again
        else:
            return


def lake_statements(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """What makes the gold views of a lake, and says how the files of its tables are parted and sorted."""
    for text in view_statements():
        for statement in connection.extract_statements(text):
            # DuckLake keeps no comments on the columns of views.
            if not statement.query.lstrip().startswith("COMMENT ON COLUMN"):
                yield statement.query
    for table, columns in SORTED.items():
        yield f"ALTER TABLE {table} SET PARTITIONED BY (year(slot), month(slot))"
        yield f"ALTER TABLE {table} SET SORTED BY ({', '.join(f'{column} ASC' for column in columns)})"


def reach_s3(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a connection read and write S3 with the keys and the endpoint of the usual AWS_ variables."""
    connection.execute(f"LOAD {quoted(_packaged(_HTTPFS))}")
    endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "")
    given = {
        "KEY_ID": os.environ.get("AWS_ACCESS_KEY_ID"),
        "SECRET": os.environ.get("AWS_SECRET_ACCESS_KEY"),
        "SESSION_TOKEN": os.environ.get("AWS_SESSION_TOKEN"),
        "REGION": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        "ENDPOINT": endpoint.netloc,
        # What is no AWS has its buckets in the path more often than in the host's name.
        "URL_STYLE": "path" if endpoint.netloc else None,
    }
    options = [f"{name} {quoted(value)}" for name, value in given.items() if value]
    options += ["USE_SSL false"] if endpoint.scheme == "http" else []
    connection.execute(f"CREATE OR REPLACE SECRET s3 ({', '.join(['TYPE s3', *options])})")


def _is_installed(extension: str) -> bool:
    with suppress(LakeRefused):
        return bool(_packaged(extension))
    return False


def _packaged(extension: str) -> str:
    """The file of a DuckDB extension that pip installed. Raises LakeRefused."""
    with suppress(ModuleNotFoundError):
        found = find_spec(f"duckdb_extension_{extension}")
        if found and found.origin:
            folder = Path(found.origin).parent / "extensions" / f"v{duckdb.__version__}"
            path = folder / f"{extension}.duckdb_extension"
            if path.is_file():
                return str(path)
    raise LakeRefused(
        f"DuckDB {duckdb.__version__}'s {extension} extension is not installed: pip install 'gpuledger[lake]'"
    )
