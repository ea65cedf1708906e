"""One transaction: all of a block's statements or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb


@contextmanager
def transaction(cursor: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Commit what the block does on a cursor of its own; roll it back where the block raises."""
    cursor.execute("BEGIN")
    try:
        yield cursor
    except BaseException:
        # After a fatal error, or one that has ended the transaction, there is nothing to roll back.
        with suppress(duckdb.Error):
            cursor.execute("ROLLBACK")
        raise
    cursor.execute("COMMIT")
