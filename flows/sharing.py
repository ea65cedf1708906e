"""A run that many workers share: one run for each provider in the work pool, then the site and the alerts.

The data folder may be on one machine or shared by all; only with a lake do the shares write at once.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final, Literal

from prefect import State, get_run_logger
from prefect import flow as prefect_flow
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import arun_deployment
from prefect.states import Completed, Failed

from flows.nightly import SOURCE_TIMEOUT, begin, finish
from flows.runs import RunSummary, new_run_id, refuse_mixture
from flows.scheduled import request_of
from flows.turns import turn
from warehouse.ledger import Ledger

SHARE: Final = "scheduled/share-in-pool"
_SECONDS_BETWEEN_LOOKS: Final = 2


@prefect_flow(name="shared", persist_result=False)
async def shared(flow: Literal["nightly", "market"], home: str | None = None) -> State[None]:
    """Give each provider of a run to the work pool; ends Failed when one of them was not stored whole.

    `home` is the data folder, by default GPULEDGER_HOME of each worker. This run waits in a worker too, so
    that a pool whose workers take one run at a time needs two of them.
    """
    request = await request_of(flow, home)
    started = datetime.now(UTC)
    summary = RunSummary(new_run_id(started), flow, request.origin, started)
    with turn(request.home, flow, lock_file=request.lock_file), Ledger(request.place) as ledger:
        refuse_mixture(request, ledger)
        await begin(request, ledger, summary)
    providers = sorted({source.provider for source in request.sources})
    runs = await asyncio.gather(*(_share(flow, home, provider) for provider in providers))
    with turn(request.home, flow, lock_file=request.lock_file):
        finish(request, summary)
    ended = zip(providers, runs, strict=True)
    wrong = [f"{provider}: {_became(run)}" for provider, run in ended if not _whole(run)]
    for sentence in wrong:
        get_run_logger().error("%s", sentence)
    said = f"{flow}: {len(providers) - len(wrong)} of {len(providers)} providers stored"
    return Failed(message=f"{said}; {'; '.join(wrong)}") if wrong else Completed(message=said)


async def _share(flow: str, home: str | None, provider: str) -> FlowRun:
    return await arun_deployment(
        SHARE,
        parameters={"flow": flow, "home": home, "share": provider},
        flow_run_name=f"{flow} of {provider}",
        timeout=SOURCE_TIMEOUT,
        poll_interval=_SECONDS_BETWEEN_LOOKS,
    )


def _whole(run: FlowRun) -> bool:
    return run.state is not None and run.state.is_completed()


def _became(run: FlowRun) -> str:
    if run.state is None or not run.state.is_final():
        return "no worker ended it in time"
    return run.state.message or run.state.name or "failed"
