"""The holder of a DuckDB file, from the kernel's table of locks."""

from __future__ import annotations

import fcntl
import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final

# struct flock of Linux on 64 bits: type, whence, start, length, process.
_FLOCK: Final = "hhqqi4x"


def holder_of(path: Path) -> str | None:
    """The process that has a database file open, such as "process 4711 (duckdb)"; None where none has.

    Never call it in a process that has the file open itself: closing any descriptor of a file ends that
    process's own locks on it. Where the kernel cannot say, as on some network folders, nobody is named.
    """
    with suppress(OSError, struct.error), path.open("rb+") as file:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, *_, pid = struct.unpack(_FLOCK, fcntl.fcntl(file, fcntl.F_GETLK, asked))
        if kind != fcntl.F_UNLCK:
            return _named(pid)
    return None


def _named(pid: int) -> str:
    if pid <= 0:
        return "a process of another container or machine"
    with suppress(OSError):
        return f"process {pid} ({Path(f'/proc/{pid}/comm').read_text(encoding='utf-8').strip()})"
    return f"process {pid}"
