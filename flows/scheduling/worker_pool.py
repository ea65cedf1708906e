"""Shared runs: one flow run a provider in the work pool, then the report and the alerts.

The data folder may be on one machine or shared by all; only with a lake do the shares write at once. A share
whose worker dies, or that no worker takes, is given up within minutes: this process then reads its provider,
and every source that was due has a row in the end, whatever became of its share.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

from prefect import State, get_run_logger
from prefect import flow as prefect_flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import arun_deployment
from prefect.states import Completed, Crashed, Failed

from flows.pipeline.ingest import ingest
from flows.pipeline.nightly import SOURCE_TIMEOUT, begin, finish, nightly
from flows.runtime.clock import ClockWrong, refuse_earlier_clock
from flows.runtime.installation import Installation, installation_of_run
from flows.runtime.lock import run_lock
from flows.runtime.run import RunRequest, RunSummary, due, new_run_id, refuse_mixture
from flows.scheduling.deployment import request_of, run_name
from flows.scheduling.heartbeat import Heartbeat, ShareMonitor
from scrapers.crawl.client import Job
from warehouse.ledger import Ledger

SHARE: Final = "scheduled/share-in-pool"
REST: Final = "the rest"
"""What a run is called that reads what no share has read."""
_SECONDS_BETWEEN_LOOKS: Final = 2
_MARGIN: Final = 900.0


@prefect_flow(name="shared", flow_run_name=run_name, persist_result=False)
async def shared(flow: Literal["nightly", "market"], home: str | None = None) -> State[None]:
    """Give each provider of a run to the work pool; ends Failed when one of them was not stored whole.

    `home` is the data folder, by default GPULEDGER_HOME of each worker. This run waits in a worker too, so
    that a pool whose workers take one run at a time needs two of them.
    """
    with installation_of_run(flow, home) as installation:
        return await _shared(flow, installation, home)


async def _shared(
    flow: Literal["nightly", "market"], installation: Installation, home: str | None
) -> State[None]:
    # Each share builds the installation of its own worker, from the same `home`.
    request = await request_of(flow, installation)
    started = datetime.now(UTC)
    summary = RunSummary(new_run_id(started), flow, request.origin, started)
    with run_lock(request.home, flow, lock_file=request.lock_file), Ledger(request.storage) as ledger:
        refuse_mixture(request, ledger)
        refuse_earlier_clock(ledger, started)
    became = await await_shares(flow, home, limits_of(request))
    for provider, why in became.items():
        if why:
            get_run_logger().error("%s: %s", provider, why)
    await take_over(request, became)
    with run_lock(request.home, flow, lock_file=request.lock_file):
        with Ledger(request.storage) as ledger:
            await begin(request, ledger, summary)
            record_unread(request, ledger, summary, became)
            failed = {job.source.partition(".")[0] for job in due(request, ledger)[0]}
        await finish(request, summary)
    wrong = [f"{provider}: {why or 'not stored'}" for provider, why in became.items() if provider in failed]
    said = f"{flow}: {len(became) - len(wrong)} of {len(became)} providers stored"
    return Failed(message=f"{said}; {'; '.join(wrong)}") if wrong else Completed(message=said)


def limits_of(request: RunRequest) -> dict[str, float]:
    """How many seconds the share of each provider may run: what its sources may take, and a margin.

    In a data folder shares wait for each other, so that there only the limit of a whole run holds.
    """
    limits: dict[str, float] = {}
    for source in request.sources:
        limits[source.provider] = limits.get(source.provider, _MARGIN) + source.declared.timeout_seconds
    return {
        provider: seconds if request.storage.many_writers else SOURCE_TIMEOUT
        for provider, seconds in limits.items()
    }


async def await_shares(
    flow: str, home: str | None, limits: Mapping[str, float], every: float = _SECONDS_BETWEEN_LOOKS
) -> dict[str, str]:
    """Start a share for each provider and wait until each has ended or is given up.

    Returns what became of each: "" where it was stored whole, else why not.
    """
    providers = sorted(limits)
    started = await asyncio.gather(
        *(_start(flow, home, provider) for provider in providers), return_exceptions=True
    )
    became: dict[str, str] = {}
    waiting: dict[str, FlowRun] = {}
    for provider, run in zip(providers, started, strict=True):
        if isinstance(run, BaseException):
            became[provider] = f"it could not be given to the pool: {run}"
        else:
            waiting[provider] = run
    watch = ShareMonitor(limits, time.monotonic())
    while waiting:
        await asyncio.sleep(every)
        for provider, why in (await _ended(waiting, watch)).items():
            became[provider] = why
            del waiting[provider]
    return became


async def _start(flow: str, home: str | None, provider: str) -> FlowRun:
    return await arun_deployment(
        SHARE,
        parameters={"flow": flow, "home": home, "share": provider},
        flow_run_name=f"{flow} of {provider}",
        timeout=0,
    )


async def _ended(waiting: Mapping[str, FlowRun], watch: ShareMonitor) -> dict[str, str]:
    """Which shares have ended since, or are given up now, and what became of them."""
    ended: dict[str, str] = {}
    runs = {run.id: run for run in await _read(waiting.values())}
    now = time.monotonic()
    for provider, one in waiting.items():
        run = runs.get(one.id)
        if run is not None and run.state is not None:
            if run.state.is_final():
                ended[provider] = "" if run.state.is_completed() else _became(run)
                continue
            watch.see(provider, Heartbeat(run.state.type.value, run.updated), now)
        if why := watch.given_up(provider, now):
            await _give_up(one, why)
            ended[provider] = why
    return ended


async def _read(runs: Any) -> list[FlowRun]:
    """The shares as Prefect has them now; none while it does not answer, which is no sign of life."""
    wanted = FlowRunFilter(id=FlowRunFilterId(any_=[run.id for run in runs]))
    with suppress(Exception):
        async with get_client() as client:
            return await client.read_flow_runs(flow_run_filter=wanted)
    return []


async def _give_up(run: FlowRun, why: str) -> None:
    """Mark a share as crashed, so that no worker takes it later."""
    with suppress(Exception):
        async with get_client() as client:
            state: Any = Crashed(message=why)
            await client.set_flow_run_state(run.id, state, force=True)


def _became(run: FlowRun) -> str:
    return (run.state and (run.state.message or run.state.name)) or "failed"


async def take_over(request: RunRequest, became: Mapping[str, str]) -> None:
    """Read here what no share has left a row of. Raises ClockWrong; any other error is recorded later."""
    if not any(became.values()):
        return
    with (
        run_lock(request.home, request.title, lock_file=request.lock_file),
        Ledger(request.storage) as ledger,
    ):
        left = {job.source for job in unread(request, ledger)}
    rest = tuple(source for source in request.sources if source.id in left)
    if not rest:
        return
    try:
        await nightly(replace(request, sources=rest, share=REST))
    except ClockWrong:
        raise
    except Exception as problem:
        get_run_logger().error("what was left could not be read here: %s", problem)


def unread(request: RunRequest, ledger: Ledger) -> list[Job]:
    """The due (source, slot) pairs that have no row at all, not even one of a failure."""
    known = ledger.current_scrapes()
    jobs, _ = due(request, ledger)
    return [job for job in jobs if (job.source, job.slot) not in known]


def record_unread(
    request: RunRequest, ledger: Ledger, summary: RunSummary, became: Mapping[str, str]
) -> Sequence[Mapping[str, Any]]:
    """Append a skipped scrape for whatever was due and was read by nobody, with what became of its share."""
    by_id = {source.id: source for source in request.sources}
    for job in unread(request, ledger):
        source = by_id[job.source]
        why = became.get(source.provider) or "its share ended well and left no row"
        records = ingest(
            source,
            {job.slot: None},
            ledger,
            run_id=summary.run_id,
            why_missing=f"no worker of the pool read it: {why}",
        )
        summary.scrapes += [record.scrape for record in records]
    if summary.scrapes:
        ledger.append_run(summary.row())
    return summary.scrapes
