"""One run of a flow in the foreground: its Prefect API, progress, signals, summary and exit code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from signal import SIGINT, SIGTERM, signal
from typing import TYPE_CHECKING, Any

import typer

from flows.cli.options import err, out
from flows.runtime.installation import installation_of_run
from flows.scheduling.prefect_api import prefect_api

# A shell reports a process that a signal ended as this much plus the signal's number.
_SHELL_SIGNAL = 128

if TYPE_CHECKING:
    from flows.cli.progress import ProgressListener
    from flows.runtime.run import FlowName, Listener, RunRequest, RunSummary


def start(flow: FlowName, home: Path | None, **asked: Any) -> RunSummary:
    """Run the nightly or market flow with the options of a command."""
    from flows.scheduling.scheduled_request import scheduled_request

    with ended_early(), installation_of_run(flow, home) as installation:
        # Before any server starts, so that a wrong option is answered at once.
        request = scheduled_request(flow, installation, **asked)
        with prefect_api(installation, warn) as is_orchestrated:
            from flows.pipeline.nightly import nightly as run

            with progress() as watch:
                return perform(run, request, watch, is_orchestrated)


def perform(
    run: Callable[..., Coroutine[Any, Any, RunSummary]],
    request: RunRequest,
    watch: Listener,
    is_orchestrated: bool,
) -> RunSummary:
    """Run a flow to its end and return its summary."""
    # Prefect raises TerminationSignal in its flows; a run without it ends in the same way.
    with nullcontext() if is_orchestrated else _terminable():
        return asyncio.run(run(request, watch, is_orchestrated=is_orchestrated))


@contextmanager
def _terminable() -> Iterator[None]:
    from prefect.exceptions import TerminationSignal

    def end(*_: object) -> None:
        raise TerminationSignal(SIGTERM)

    former = signal(SIGTERM, end)
    try:
        yield
    finally:
        signal(SIGTERM, former)


@contextmanager
def ended_early() -> Iterator[None]:
    """Say of a run that a signal ended what is true of it, and end with the code that a shell expects."""
    try:
        yield
    except BaseException as ended:
        # By name, since Prefect must not be imported before its environment is set.
        if not isinstance(ended, KeyboardInterrupt) and type(ended).__name__ != "TerminationSignal":
            raise
        err.print("gpuledger: ended early: the sources stored so far are kept; start it again for the rest")
        sent = SIGINT if isinstance(ended, KeyboardInterrupt) else SIGTERM
        raise typer.Exit(_SHELL_SIGNAL + sent) from ended


def warn(sentence: str) -> None:
    """Print one line on standard error."""
    err.print(f"gpuledger: {sentence}", markup=False)


@contextmanager
def progress() -> Iterator[ProgressListener]:
    """Show the progress of a run on standard error."""
    from flows.cli.progress import progress

    with progress(err) as watch:
        yield watch


def finish(summary: RunSummary, as_json: bool) -> None:
    """Print a summary; exit code 0 when every due source was stored, else 1."""
    from flows.cli.progress import print_json, print_summary

    if as_json:
        print_json(summary)
    else:
        print_summary(summary, out)
    raise typer.Exit(0 if summary.succeeded else 1)
