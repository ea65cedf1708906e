"""The output file of a query, replaced atomically."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

from flows.runtime.interruption import Work
from warehouse.atomic import replacing


@contextmanager
def written_aside(path: Path, work: Work[Any]) -> Iterator[IO[bytes]]:
    """A file to write, renamed to its path once it is on disk; a device or a pipe is written directly."""
    if path.exists() and not path.is_file():
        with path.open("wb") as device:
            yield device
        return
    with replacing(path.resolve()) as file:
        work.leaves(partial(Path(file.name).unlink, missing_ok=True))
        yield file
        work.check()
