"""The file of an answer, written beside its place and renamed, so that nobody finds half of one."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

from flows.runtime.interruption import Work


@contextmanager
def written_aside(path: Path, work: Work[Any]) -> Iterator[IO[bytes]]:
    """A file to write, renamed to its path once it is on disk; a device or a pipe is written directly."""
    if path.exists() and not path.is_file():
        with path.open("wb") as device:
            yield device
        return
    target = path.resolve()
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    work.leaves(partial(fresh.unlink, missing_ok=True))
    try:
        with fresh.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, fresh)
        work.check()
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
