"""`python -m scrapers.parser_child`: the child process of scrapers.parser_process."""

from __future__ import annotations

import gc
import logging
import os
import pickle
import re
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

from scrapers.archive.exchange import ArchiveDamaged
from scrapers.archive.writer import read_archive
from scrapers.child_process import end_with_parent
from scrapers.formats import format_of
from scrapers.page import PageBroken
from scrapers.parse import opened, parse
from scrapers.parser_process import FollowTask, Limits, ParseTask, Reply
from scrapers.registry import make_importable

_STATUS: Final = Path("/proc/self/status")
_OOM: Final = Path("/proc/self/oom_score_adj")


class _Lines(logging.Handler):
    """Keeps what is logged, for the parent to log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class Child:
    """One task after the other, until the input ends or memory runs out."""

    def __init__(self, replies: BinaryIO, limits: Limits) -> None:
        self._replies = replies
        self._limits = limits
        self._lines = _Lines()
        logging.basicConfig(level=logging.ERROR, handlers=[self._lines], force=True)

    def work(self, task: ParseTask | FollowTask) -> bool:
        """Carry out a task; False where this process is of no further use."""
        self._lines.lines.clear()
        make_importable(task.source.root)
        try:
            result = self._read(task) if isinstance(task, ParseTask) else _followed(task)
            self._say("result", result)
        except MemoryError:
            self._say("stopped", f"took more than {self._limits.memory} MiB of memory")
            return False
        except (ArchiveDamaged, OSError, PageBroken) as problem:
            self._say("error", problem)
        # A defect of ours; the parent has the traceback in its log.
        except Exception as problem:
            logging.getLogger(__name__).exception("the parser broke")
            self._say("error", RuntimeError(f"{type(problem).__name__}: {problem}"))
        return True

    def _read(self, task: ParseTask) -> Any:
        source = task.source
        archive = read_archive(task.path, task.home)
        reading = opened(source, archive, slot=task.slot, run_id=task.run_id)
        self._say("facts", reading)
        if archive.answers:
            try:
                reading.parsed = parse(source, archive.answers, slot=task.slot, run_id=task.run_id)
            except PageBroken as problem:
                reading.broken = str(problem)
        return reading

    def _say(self, kind: Any, value: Any) -> None:
        reply = pickle.dumps(Reply(kind, value, tuple(self._lines.lines)))
        if len(reply) > self._limits.reply:
            reason = f"gave {len(reply) >> 20:,} MiB of rows, more than {self._limits.reply >> 20:,} MiB"
            reply = pickle.dumps(Reply("stopped", reason))
        self._lines.lines.clear()
        self._replies.write(reply)
        self._replies.flush()


def _followed(task: FollowTask) -> Any:
    return list(format_of(task.source).follow(task.source, task.request, task.capture))


def _bound(mebibytes: int) -> None:
    """Bound this process to so much memory beyond what it has now.

    Where the machine's own memory runs out before, this process is the first that the kernel ends.
    """
    with suppress(OSError):
        _OOM.write_text("1000")
    with suppress(OSError, ValueError):
        found = re.search(r"VmSize:\s+(\d+) kB", _STATUS.read_text()) if _STATUS.exists() else None
        bytes_now = int(found[1]) * 1024 if found else 0
        limit = bytes_now + mebibytes * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> int:
    """Work until the parent closes the pipe."""
    end_with_parent()
    tasks = sys.stdin.buffer
    # What a page prints must not stand between two replies.
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    limits: Limits = pickle.load(tasks)  # noqa: S301 (our own parent)  # nosec B301
    child = Child(replies, limits)
    # Looking for cycles takes minutes over millions of values; what a task leaves is collected after it.
    gc.disable()
    gc.freeze()
    _bound(limits.memory)
    while True:
        try:
            task = pickle.load(tasks)  # noqa: S301  # nosec B301
        except EOFError:
            return 0
        if not child.work(task):
            return 1
        del task
        gc.collect()
        # What is left are modules: looking through them again takes ten times as long as a small task.
        gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
