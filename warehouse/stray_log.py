"""Stray WAL files: left by other programs beside a read-only file, ignored and reported.

A program that opened the published copy for writing and was killed leaves warehouse.duckdb.wal. DuckDB
applies it to whatever file has that name next, so that a reader misses rows or cannot open the file. What is
read here is the file alone.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import Final

from warehouse.atomic import logs_beside, scratch

CURE: Final = "remove it, or run `gpuledger publish`, which publishes the ledger again and removes it"
_LOG: Final = logging.getLogger("gpuledger")


@cache
def report_stray_logs(file: Path) -> None:
    """Name the logs beside a published file on standard error, once in a process."""
    for log in logs_beside(file):
        _LOG.warning(
            "%s was left by a program that opened %s for writing: it is not applied here, but other clients "
            "apply it; %s",
            *(log, file.name, CURE),
        )


@contextmanager
def alone(file: Path) -> Iterator[Path]:
    """A path at which the file can be opened without a log beside it, for as long as the block lasts.

    DuckDB keeps a file open, so that a connection outlives the path. Where the folder cannot be written, the
    file is copied into the system's folder for temporary files.
    """
    with ExitStack() as stack:
        yield _alone(file, stack) if logs_beside(file) else file


def _alone(file: Path, stack: ExitStack) -> Path:
    for folder, give in ((file.parent, os.link), (Path(gettempdir()), shutil.copyfile)):
        with suppress(OSError):
            path = stack.enter_context(scratch(folder, "read")) / file.name
            give(file, path)
            return path
    return file
