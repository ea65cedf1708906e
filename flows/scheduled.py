"""The flow that schedules and work pools start: a nightly or market run of this installation, now."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Literal

from prefect import State
from prefect import flow as prefect_flow
from prefect.states import Completed, Failed

from flows.asked import scheduled_request
from flows.nightly import nightly
from flows.run_failures import failures_told
from flows.runs import FlowName, RunRequest, RunSummary
from flows.settings import add_own_providers, default_home, read_settings
from flows.shares import signs_of_life


@prefect_flow(name="scheduled", persist_result=False)
async def scheduled(
    flow: Literal["nightly", "market"], home: str | None = None, share: str = ""
) -> State[None]:
    """Run now whatever is due; ends Completed, or Failed when a source was not stored, with a sentence.

    `home` is the data folder, by default GPULEDGER_HOME of the process that runs it. A run that starts late
    fills the slot that is current by then, and its rows carry the time at which they were observed. `share`
    confines it to one provider, as a part of a shared run.
    """
    # A share's failure is told by the run that shared it.
    folder = Path(home) if home else default_home()
    with signs_of_life() if share else failures_told(folder, flow):
        summary = await _summary(flow, home, share)
    if summary.succeeded:
        return Completed(message=summary.sentence())
    return Failed(message=f"{summary.sentence()} ({', '.join(summary.failed)})")


async def _summary(flow: FlowName, home: str | None, share: str) -> RunSummary:
    request = await request_of(flow, home)
    if share:
        own = tuple(source for source in request.sources if source.provider == share)
        request = replace(request, sources=own, share=share)
    return await nightly(request)


async def request_of(flow: FlowName, home: str | None) -> RunRequest:
    """What a scheduled run of this installation is asked to do, with its own providers made known."""
    settings = read_settings()
    add_own_providers(settings)
    folder = Path(home) if home else default_home()
    # Finding a browser may ask Playwright, which refuses to answer beside a running event loop.
    return await asyncio.to_thread(scheduled_request, flow, folder, settings)
