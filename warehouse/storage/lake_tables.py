"""The tables of an attached lake: made beside other writers, and compacted."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

import duckdb

from warehouse.checksums import table_checksums
from warehouse.ddl import SORTED
from warehouse.maintenance import Compaction
from warehouse.migrations import bring_up_to_date, is_up_to_date, steps
from warehouse.views import view_statements

NAME: Final = "lake"
"""What a lake is attached as."""
KEPT: Final = timedelta(days=7)
"""How long compaction leaves the files of replaced snapshots for readers that still use them."""
_ATTEMPTS_TO_MAKE: Final = 20
# How PostgreSQL and DuckLake say that another process was first.
_MADE_BY_ANOTHER: Final = ("already exists", "duplicate key", "onflict")


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


def make_tables(cursor: duckdb.DuckDBPyConnection) -> None:
    """Make tables and views, unless they are those of today: making them disturbs others that write."""
    if not is_up_to_date(cursor, steps()):
        bring_up_to_date(cursor, steps())
        for statement in _statements(cursor):
            cursor.execute(statement)


def compact_tables(connection: duckdb.DuckDBPyConnection, now: datetime) -> Compaction:
    """Merge small files into large ones; what they replace goes when no reader can want it any more."""
    before = _bytes_of(connection)
    # What lies in the catalog becomes files and small files large ones before old ones go.
    for step in ("flush_inlined_data", "merge_adjacent_files"):
        connection.execute(f"CALL ducklake_{step}('{NAME}')")
    old = f"older_than => TIMESTAMPTZ '{(now - KEPT).isoformat()}'"
    for step in ("expire_snapshots", "cleanup_old_files", "delete_orphaned_files"):
        connection.execute(f"CALL ducklake_{step}('{NAME}', {old})")
    after = _bytes_of(connection)
    return Compaction(before, after, sum(rows for rows, _ in table_checksums(connection).values()))


def _statements(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """What makes the gold views of a lake, and says how the files of its tables are parted and sorted."""
    for text in view_statements():
        for statement in connection.extract_statements(text):
            # DuckLake keeps no comments on the columns of views.
            if not statement.query.lstrip().startswith("COMMENT ON COLUMN"):
                yield statement.query
    for table, columns in SORTED.items():
        yield f"ALTER TABLE {table} SET PARTITIONED BY (year(slot), month(slot))"
        yield f"ALTER TABLE {table} SET SORTED BY ({', '.join(f'{column} ASC' for column in columns)})"


def _bytes_of(connection: duckdb.DuckDBPyConnection) -> int:
    """The size of the files that a lake's tables consist of now."""
    asked = f"SELECT coalesce(sum(file_size_bytes), 0)::BIGINT FROM ducklake_table_info('{NAME}')"  # noqa: S608
    ((size,),) = connection.execute(asked).fetchall()
    return int(size)
