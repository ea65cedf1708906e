"""Limits of a reader's memory and temporary files.

DuckDB's own default puts temporary files beside the file that it reads, where they fill the disk of the
ledger and stay after a kill.
"""

from __future__ import annotations

import atexit
import os
import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Final

import duckdb

from warehouse.atomic import scratch
from warehouse.text_safety import quoted

MOST_MEMORY: Final = "2GB"
"""What DuckDB may hold for a reader; what it needs beyond goes to temporary files."""
MOST_SPILLED: Final = "10GB"
"""What those files may hold."""
MOST_OF_PROCESS: Final = 4 << 30
"""Bytes that a process may allocate for an answer: DuckDB's own limit does not count long strings."""
PURPOSE: Final = "spill"
# By process, since a fork has none of its own.
_made: dict[int, tuple[Path, ExitStack]] = {}


def bound(connection: duckdb.DuckDBPyConnection) -> None:
    """Limit a connection's memory and give it a folder of its own for temporary files."""
    folder = mkdtemp(dir=_folder())
    connection.execute(f"SET temp_directory = {quoted(folder)}")
    connection.execute(f"SET max_temp_directory_size = '{MOST_SPILLED}'")
    connection.execute(f"SET memory_limit = '{MOST_MEMORY}'")


@contextmanager
def bounded_process() -> Iterator[None]:
    """Limit what this process may allocate meanwhile; beyond it DuckDB says that memory is out."""
    former, most = resource.getrlimit(resource.RLIMIT_DATA)
    least = MOST_OF_PROCESS if most == resource.RLIM_INFINITY else min(MOST_OF_PROCESS, most)
    resource.setrlimit(resource.RLIMIT_DATA, (least, most))
    try:
        yield
    finally:
        # What is said of an error takes memory too.
        resource.setrlimit(resource.RLIMIT_DATA, (former, most))


def clear() -> None:
    """Remove this process's temporary files."""
    if own := _made.pop(os.getpid(), None):
        own[1].close()


def _folder() -> Path:
    """The folder of this process; those of killed ones are removed first."""
    if own := _made.get(os.getpid()):
        return own[0]
    stack = ExitStack()
    folder = stack.enter_context(scratch(Path(gettempdir()), PURPOSE))
    _made[os.getpid()] = (folder, stack)
    atexit.register(clear)
    return folder
