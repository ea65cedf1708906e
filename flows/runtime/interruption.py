"""Interruptible work: ends on Ctrl-C, SIGTERM or a timeout.

The work runs in a thread of its own. DuckDB is interrupted; where it does not stop soon, as in the middle of
one long string function, the process ends all the same. Only what reads is run like this, so that nothing can
be left half-written but files beside their destination, which are removed first.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, Generic, TypeVar

import duckdb

from warehouse import spill
from warehouse.errors import GpuledgerError

_T = TypeVar("_T")
_PATIENCE: Final = 0.3
_TICK: Final = 0.05
_BY_SIGNAL: Final = 128


class Interrupted(BaseException):
    """A signal ended the work; `code` is what a shell calls that."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = _BY_SIGNAL + number


class TimeOver(GpuledgerError):
    """The work took longer than it was given; the message says what to do."""


class Work(Generic[_T]):
    """One piece of work, which is given this to say what stops it and what it would leave behind."""

    def __init__(self, task: Callable[[Work[_T]], _T]) -> None:
        self._task = task
        self._stopped = threading.Event()
        # Not Thread.join: up to Python 3.12 a signal in it marks a thread as ended that is not.
        self._done = threading.Event()
        self._connections: list[duckdb.DuckDBPyConnection] = []
        self._leftovers: list[Callable[[], object]] = [spill.clear]
        self._result: list[_T] = []
        self._problem: BaseException | None = None

    def stops(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Interrupt this connection when the work is to end."""
        self._connections.append(connection)

    def leaves(self, remove: Callable[[], object]) -> None:
        """Call this if the process has to end in the middle."""
        self._leftovers.append(remove)

    def check(self) -> None:
        """Raise duckdb.InterruptException once the work is to end."""
        if self._stopped.is_set():
            raise duckdb.InterruptException("Interrupted!")

    def run(self, seconds: float | None = None) -> _T:
        """The result of the work. Raises what it raises, Interrupted, and TimeOver after so many seconds."""
        thread = threading.Thread(target=self._run, daemon=True)
        until = None if seconds is None else time.monotonic() + seconds
        with _signals():
            thread.start()
            try:
                while not self._done.wait(_TICK):
                    if until is not None and time.monotonic() > until:
                        raise TimeOver(
                            f"stopped after {seconds:g} s: ask for less, or give --timeout more seconds"
                        )
            except (Interrupted, TimeOver) as ended:
                self._stop(ended)
                raise
        thread.join()
        if self._problem is not None:
            raise self._problem
        return self._result[0]

    def _run(self) -> None:
        try:
            self._result.append(self._task(self))
        except BaseException as problem:  # raised again in the thread that waits
            self._problem = problem
        finally:
            self._done.set()

    def _stop(self, ended: Interrupted | TimeOver) -> None:
        self._stopped.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(ValueError):
                signal.signal(number, signal.SIG_IGN)
        until = time.monotonic() + _PATIENCE
        while not self._done.is_set() and time.monotonic() < until:
            for connection in self._connections:
                with suppress(duckdb.Error):
                    connection.interrupt()
            self._done.wait(_TICK)
        if not self._done.is_set():
            for remove in self._leftovers:
                with suppress(OSError):
                    remove()
            if isinstance(ended, TimeOver):
                sys.stderr.write(f"gpuledger: {ended}\n")
                sys.stderr.flush()
            os._exit(ended.code if isinstance(ended, Interrupted) else 2)


@contextmanager
def _signals() -> Iterator[None]:
    """SIGINT and SIGTERM as Interrupted, where this is the thread that signals come to."""

    def interrupt(number: int, _: Any) -> None:
        raise Interrupted(number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
