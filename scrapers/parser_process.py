"""The parser process: archives are parsed in a child within limits of memory and time.

A few bytes of an answer can become gigabytes once they are read. In a child with a limit they end that source
and nothing else: the process that holds the ledger, and the crawl of the other sources, never open a body.
The child is started at the first use, kept for the next, and started again after it was ended.
"""

from __future__ import annotations

import logging
import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock, Timer
from typing import Any, Final, Literal, Self

from scrapers.child_process import inherited
from scrapers.page import Capture, FetchRequest
from scrapers.parse import Reading
from scrapers.registry import Source
from warehouse.text_safety import visible

logger = logging.getLogger(__name__)

MEMORY: Final = 2048
"""MiB that reading one slot of a source may take; a healthy night's largest takes less than 200."""

SECONDS: Final = 300
"""Seconds that reading one slot of a source may take; a healthy night's longest takes less than 20."""

MOST_REPLY: Final = 512 * 1024 * 1024
"""Bytes of rows that are taken over from one slot."""


class ParsingStopped(RuntimeError):
    """Reading took more memory or time than it may; the message is the reason."""


@dataclass(frozen=True)
class Limits:
    """What the child may take: MiB of memory beyond its own code, and bytes of a reply."""

    memory: int
    reply: int


@dataclass(frozen=True)
class ParseTask:
    """Read one sealed archive."""

    source: Source
    path: Path
    home: Path
    slot: datetime
    run_id: str


@dataclass(frozen=True)
class FollowTask:
    """Find what an answer leads to."""

    source: Source
    request: FetchRequest
    capture: Capture


@dataclass(frozen=True)
class Reply:
    """What became of a task: `facts` come before `result`; `error` and `stopped` end it. `log` is its log."""

    kind: Literal["facts", "result", "error", "stopped"]
    value: Any
    log: tuple[str, ...] = ()


class Parser:
    """A child process that reads; to be closed. Several threads may ask, and take turns."""

    def __init__(self, *, memory: int = MEMORY, seconds: float = SECONDS, reply: int = MOST_REPLY) -> None:
        self._limits = Limits(memory, reply)
        self._seconds = seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._turn = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def reading(self, source: Source, path: Path, home: Path, *, slot: datetime, run_id: str) -> Reading:
        """What an archive holds; where a limit was met, its facts with the reason in `broken`.

        Raises ArchiveDamaged and OSError for a file that cannot be read, and ParsingStopped where a limit was
        met before its facts were known.
        """
        facts: Reading | None = None
        try:
            with self._turn:
                self._send(ParseTask(source, path, home, slot, run_id))
                facts = self._reply()
                reading: Reading = self._reply()
        except ParsingStopped as problem:
            if facts is None:
                raise ParsingStopped(f"opening {path} {problem}") from None
            facts.broken = f"reading the answers {problem}"
            return facts
        return reading

    def follow(self, source: Source, request: FetchRequest, capture: Capture) -> list[FetchRequest]:
        """What an answer leads to; raises PageBroken, and ParsingStopped where a limit was met."""
        try:
            with self._turn:
                self._send(FollowTask(source, request, capture))
                requests: list[FetchRequest] = self._reply()
        except ParsingStopped as problem:
            raise ParsingStopped(f"{capture.url}: reading the answer {problem}") from None
        return requests

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                with suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]

    def _send(self, task: ParseTask | FollowTask) -> None:
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._child = _started(self._limits)
        try:
            pickle.dump(task, self._pipe("stdin"))
            self._pipe("stdin").flush()
        except OSError as problem:
            self._stop(f"could not be begun: {problem}")

    def _reply(self) -> Any:
        late = Timer(self._seconds, self._child.kill if self._child else lambda: None)
        late.daemon = True
        late.start()
        try:
            reply: Reply = pickle.load(self._pipe("stdout"))  # noqa: S301 (our own child)  # nosec B301
        except (EOFError, pickle.UnpicklingError, OSError):
            if late.finished.is_set():
                self._stop(f"took more than {self._seconds:g} s")
            self._stop(self._ended())
        finally:
            late.cancel()
        for line in reply.log:
            logger.error("%s", visible(line))
        if reply.kind == "stopped":
            self._stop(reply.value)
        if reply.kind == "error":
            raise reply.value
        return reply.value

    def _ended(self) -> str:
        code = self._child.wait() if self._child else 0
        how = signal.Signals(-code).name if code < 0 else f"code {code}"
        return f"took more than {self._limits.memory} MiB of memory, or broke the parser ({how})"

    def _stop(self, reason: str) -> Any:
        self.close()
        raise ParsingStopped(reason)

    def _pipe(self, name: Literal["stdin", "stdout"]) -> Any:
        pipe = getattr(self._child, name)
        if pipe is None:
            raise EOFError
        return pipe


def _started(limits: Limits) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-m", "scrapers.parser_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # One thread: its stack and its share of memory are the whole of what is bounded.
        env={**inherited(), "POLARS_MAX_THREADS": "1"},
    )
    if child.stdin is None:
        raise TypeError("the child has no pipes")
    pickle.dump(limits, child.stdin)
    child.stdin.flush()
    return child
