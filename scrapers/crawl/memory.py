"""The memory limit of the browser, enforced by watching its processes in /proc.

Chromium has no bound that covers all that a page can allocate: V8's own limit leaves out buffers, images and
the document. Where there is no /proc nothing is watched, and V8's limit is the only one.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

MOST_OF_A_PAGE: Final = 1 << 30
"""Bytes that one process of a page may hold in memory."""
MOST_OF_ALL: Final = 3 << 30
"""Bytes that all processes of the browser may hold together."""

_SECONDS_BETWEEN_LOOKS: Final = 0.25
_PROC: Final = Path("/proc")
_RENDERER: Final = b"--type=renderer"
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_LONGEST_LINE: Final = 4096
# The field of /proc/PID/stat after the name of the command, which may itself hold blanks and brackets.
_PARENT: Final = 1


@dataclass(frozen=True)
class Process:
    """One process: its id, its resident memory in bytes, and what of it is shared with no other process."""

    pid: int
    resident: int
    own: int

    @property
    def is_renderer(self) -> bool:
        """Whether pages run in it."""
        with suppress(OSError):
            return _RENDERER in (_PROC / str(self.pid) / "cmdline").read_bytes()
        return False


async def watch_memory(most_of_a_page: int = MOST_OF_A_PAGE, most_of_all: int = MOST_OF_ALL) -> None:
    """Kill what takes too much of the processes below this one, until cancelled.

    A page whose process is killed crashes, and no other page does. Where the browser as a whole is too large
    its largest process is killed; pages that this ends are opened again.
    """
    while True:
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
        for process in excessive(list(descendants(os.getpid())), most_of_a_page, most_of_all):
            logger.warning("process %d of the browser held %d MiB", process.pid, process.resident >> 20)
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)


def excessive(processes: list[Process], most_of_a_page: int, most_of_all: int) -> list[Process]:
    """The processes that must end: each renderer that is too large, else the largest of too large a whole."""
    found = [process for process in processes if process.resident > most_of_a_page and process.is_renderer]
    # What the processes share, the program itself above all, is not to be counted again for each.
    if not found and sum(process.own for process in processes) > most_of_all:
        return [max(processes, key=lambda process: process.own)]
    return found


def descendants(root: int) -> Iterator[Process]:
    """The processes that a process has started, and those that they have started."""
    children: dict[int, list[int]] = defaultdict(list)
    # All processes of the machine, four times a second: no more is read of each than must be.
    for name in os.listdir(_PROC) if _PROC.exists() else ():  # noqa: PTH208 - four times faster than paths
        if name.isdecimal():
            with suppress(OSError, IndexError, ValueError):
                parent = int(_line(f"{_PROC}/{name}/stat").rpartition(b")")[2].split(maxsplit=2)[_PARENT])
                children[parent].append(int(name))
    waiting = [root]
    while waiting:
        for pid in children[waiting.pop()]:
            waiting.append(pid)
            with suppress(OSError, ValueError):
                _, resident, shared, *_ = map(int, _line(f"{_PROC}/{pid}/statm").split())
                yield Process(pid, resident * _PAGE, (resident - shared) * _PAGE)


def _line(path: str) -> bytes:
    file = os.open(path, os.O_RDONLY)
    try:
        return os.read(file, _LONGEST_LINE)
    finally:
        os.close(file)
