"""Exit codes of commands that a signal or a closed pipe ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Exit as a shell expects of a command that a signal ended, or whose reader has gone (`| head`)."""
    from flows.runtime.interruption import Interrupted

    try:
        yield
    except Interrupted as ended:
        raise typer.Exit(ended.code) from None
    except BrokenPipeError:
        # What is left in the buffer has nowhere to go either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(128 + signal.SIGPIPE) from None
