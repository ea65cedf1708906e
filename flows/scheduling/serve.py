"""The scheduler of `gpuledger serve`: Prefect's runner, restarted when it dies.

Prefect keeps the schedules and starts each flow in a process of its own, so that this process stays small and
a run that is killed takes nothing with it. The runner has the flows in memory: the entrypoints and pull steps
in the database of Prefect are never used.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.runner import Runner
from prefect.states import Crashed
from prefect.types.entrypoint import EntrypointType

from flows.runtime.installation import Installation
from flows.runtime.settings import FLOWS
from flows.scheduling import compaction, deployment
from flows.scheduling.prefect_server import PrefectServer
from flows.scheduling.servers import ServingRefused

STARTED: Final[Mapping[str, Flow[..., Any]]] = {
    "nightly": deployment.nightly,
    "market": deployment.market,
    "compact": compaction.compact,
}
_SECONDS_BETWEEN_LOOKS: Final = 0.5
_SECONDS_TO_END: Final = 20.0
Say = Callable[[str], None]


class Restarts:
    """Counts what had to be started again; too often within a while means that it will not last."""

    def __init__(self, most: int = 5, within: timedelta = timedelta(minutes=10)) -> None:
        self._most, self._within = most, within
        self._at: list[datetime] = []

    def note(self, now: datetime, sentence: str) -> None:
        """Note one more. Raises ServingRefused with the sentence when there were too many."""
        self._at = [at for at in self._at if now - at < self._within] + [now]
        if len(self._at) > self._most:
            minutes = self._within.total_seconds() / 60
            raise ServingRefused(f"{sentence}; that was {len(self._at)} times in {minutes:g} minutes")


class ScheduledRunner(Runner):
    """A runner that leaves the signals of its process alone: the scheduler ends it."""

    def handle_sigterm(self, *_args: Any, **_kwargs: Any) -> None:
        """Do nothing; the scheduler has a handler of its own."""


def serve(installation: Installation, server: PrefectServer | None, say: Say, site_url: str = "") -> None:
    """Start the scheduled runs of an installation until SIGTERM or SIGINT.

    A `server` of ours that ends is started again at once, and requests wait meanwhile. `say` is given a line
    for each such event. `site_url` is where the site is served, for links. Raises ServingRefused.
    """
    asyncio.run(_serve(installation, server, say, site_url))


async def _serve(installation: Installation, server: PrefectServer | None, say: Say, site_url: str) -> None:
    schedule = installation.settings.schedule
    crons = {flow: schedule.of(flow) for flow in FLOWS if schedule.of(flow)}
    if not crons.keys() & {"nightly", "market"}:
        raise ServingRefused("config.toml schedules neither nightly nor market, so there is nothing to serve")
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sent in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sent, ending.set)
    await _forget_killed_runs()
    runner = partial(_runner, installation.home, crons, site_url)
    tasks = {
        asyncio.create_task(_keep_running(runner, say, ending)),
        asyncio.create_task(_keep_up(server, say, ending)),
    }
    done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    for task in others:
        task.cancel()
    for task in done:
        task.result()


async def _keep_up(server: PrefectServer | None, say: Say, ending: asyncio.Event) -> None:
    """Start our server again whenever it ends."""
    restarts = Restarts()
    while not ending.is_set():
        if server is not None and (ended := server.ended()):
            why = f"the Prefect server ended ({ended}); see {server.log}"
            restarts.note(datetime.now(UTC), why)
            say(f"{why}; it is started again")
            server.stop()
            server.start()
        with suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), _SECONDS_BETWEEN_LOOKS)


async def _keep_running(new: Callable[[], Awaitable[Runner]], say: Say, ending: asyncio.Event) -> None:
    """Let a runner start what is due; where it breaks off, another one takes over."""
    restarts = Restarts()
    while not ending.is_set():
        try:
            await _until(await new(), ending)
        except ServingRefused:
            raise
        # Prefect's runner breaks off in many ways where its API does not answer for long.
        except Exception as problem:
            why = f"Prefect's runner broke off ({type(problem).__name__})"
            restarts.note(datetime.now(UTC), why)
            say(f"{why}; another one is started")
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)


async def _until(runner: Runner, ending: asyncio.Event) -> None:
    """Let a runner work until the end; its runs are told to end with it."""
    working = asyncio.create_task(runner.start())
    told = asyncio.create_task(ending.wait())
    await asyncio.wait({working, told}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if not working.done():
        with suppress(TimeoutError):
            await asyncio.wait_for(runner.astop(), _SECONDS_TO_END)
        await asyncio.wait({working}, timeout=_SECONDS_TO_END)
    if working.done():
        working.result()
    else:
        working.cancel()


async def _runner(home: Path, crons: Mapping[str, str], site_url: str = "") -> Runner:
    """A runner that has this installation's flows in memory, each with its schedule."""
    runner = ScheduledRunner(name="gpuledger", pause_on_shutdown=True)
    of_runs = {"home": str(home), "site_url": site_url}
    for name, cron in crons.items():
        try:
            await runner.aadd_flow(
                STARTED[name],
                name=name,
                cron=cron,
                parameters={"home": str(home)} if name == "compact" else of_runs,
                # As a path the entrypoint would depend on the working directory, and the guard refuses it.
                entrypoint_type=EntrypointType.MODULE_PATH,
            )
        except ValueError as problem:
            raise ServingRefused(
                f"schedule.{name} in config.toml is not a cron expression: {cron}"
            ) from problem
    return runner


async def _forget_killed_runs() -> None:
    """Mark as crashed what a killed server left as running; Prefect would show it as such for good."""
    running = FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING])
    async with get_client() as client:
        left = await client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[*FLOWS, "scheduled"])),
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=running)),
        )
        for run in left:
            state: Any = Crashed(message="its process was killed")
            await client.set_flow_run_state(run.id, state, force=True)
