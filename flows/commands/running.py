"""Commands that run a flow: nightly, market, demo, replay."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from signal import SIGINT, SIGTERM, signal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commands.options import (
    AsJson,
    At,
    Home,
    Only,
    Partial,
    Recorded,
    chosen_sources,
    err,
    moment,
    out,
)
from flows.orchestration import prefect_api
from flows.settings import Settings

# A shell reports a process that a signal ended as this much plus the signal's number.
_SHELL_SIGNAL = 128

if TYPE_CHECKING:
    from flows.console import ProgressWatch
    from flows.runs import FlowName, RunRequest, RunSummary, Watch


def nightly(
    home: Home,
    recorded: Recorded = None,
    at: At = None,
    only: Only = None,
    partial: Partial = False,
    as_json: AsJson = False,
) -> None:
    """Fetch every source once, store the snapshot and render the site.

    Exit code 0 when every due source was stored, 1 when one failed, 2 when the run could not start.
    """
    _finish(_run("nightly", home, at=at, only=only or (), recorded=recorded, partial=partial), as_json)


def market(
    home: Home,
    recorded: Recorded = None,
    at: At = None,
    only: Only = None,
    partial: Partial = False,
    as_json: AsJson = False,
) -> None:
    """The hourly run: as `nightly`, for the sources that are read every hour."""
    _finish(_run("market", home, at=at, only=only or (), recorded=recorded, partial=partial), as_json)


def demo(
    home: Annotated[Path, typer.Option(help="The demo's own data folder.", resolve_path=True)] = Path(
        "data/demo"
    ),
) -> None:
    """Run the nightly flow over sixty simulated nights and render the site.

    Nothing is fetched from the network; the prices are simulated and every page says so.
    """
    with prefect_api(home, _warn) as is_orchestrated:
        from flows import demo as sixty_nights
        from flows.asked import chromium
        from flows.console import print_summary
        from flows.nightly import nightly as run

        with _ended_early(), _progress() as watch:
            web = sixty_nights.recorded_web(home, watch.night)
            request = sixty_nights.request(home, web, chromium(Settings()))
            summary = _perform(run, request, watch, is_orchestrated)
    print_summary(summary, out)
    out.print("\nThree queries to try:")
    for query in sixty_nights.QUERIES:
        out.print(f'  gpuledger sql --home {home} "{query}"', markup=False)


def replay(
    home: Home,
    since: Annotated[datetime, typer.Option(parser=moment, metavar="DATE", help="The first slot to replay.")],
    only: Only = None,
    as_json: AsJson = False,
) -> None:
    """Parse archived captures again and append what comes out different, as corrections."""
    from flows.run_failures import failures_told

    settings = Settings()
    with failures_told(home, "replay", settings), prefect_api(home, _warn) as is_orchestrated:
        from flows.places import lake_of
        from flows.replay import replay as run
        from flows.runs import RunRequest

        sources = chosen_sources(settings, only)
        request = RunRequest(
            home, sources, (since,), flow="replay", origin="recorded", lake=lake_of(settings)
        )
        with _progress() as watch:
            summary = _perform(run, request, watch, is_orchestrated)
    _finish(summary, as_json)


def _run(flow: FlowName, home: Path, **asked: Any) -> RunSummary:
    from flows.asked import scheduled_request
    from flows.run_failures import failures_told

    with _ended_early(), failures_told(home, flow):
        # Before any server starts, so that a wrong option is answered at once.
        request = scheduled_request(flow, home, Settings(), **asked)
        with prefect_api(home, _warn) as is_orchestrated:
            from flows.nightly import nightly as run

            with _progress() as watch:
                return _perform(run, request, watch, is_orchestrated)


def _perform(
    run: Callable[..., Coroutine[Any, Any, RunSummary]],
    request: RunRequest,
    watch: Watch,
    is_orchestrated: bool,
) -> RunSummary:
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
def _ended_early() -> Iterator[None]:
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


def _warn(sentence: str) -> None:
    err.print(f"gpuledger: {sentence}", markup=False)


@contextmanager
def _progress() -> Iterator[ProgressWatch]:
    from flows.console import progress

    with progress(err) as watch:
        yield watch


def _finish(summary: RunSummary, as_json: bool) -> None:
    from flows.console import print_json, print_summary

    if as_json:
        print_json(summary)
    else:
        print_summary(summary, out)
    raise typer.Exit(0 if summary.succeeded else 1)
