"""The flow that schedules and work pools start: a nightly or market run of this installation, now."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

from prefect import State
from prefect import flow as prefect_flow
from prefect.states import Completed, Failed

from flows.asked import scheduled_request
from flows.nightly import nightly
from flows.settings import add_own_providers, default_home, read_settings


@prefect_flow(name="scheduled", persist_result=False)
async def scheduled(flow: Literal["nightly", "market"], home: str | None = None) -> State[None]:
    """Run now whatever is due; ends Completed, or Failed when a source was not stored, with a sentence.

    `home` is the data folder, by default GPULEDGER_HOME of the process that runs it. A run that starts late
    fills the slot that is current by then, and its rows carry the time at which they were observed.
    """
    settings = read_settings()
    add_own_providers(settings)
    folder = Path(home) if home else default_home()
    # Finding a browser may ask Playwright, which refuses to answer beside a running event loop.
    request = await asyncio.to_thread(scheduled_request, flow, folder, settings)
    summary = await nightly(request)
    if summary.succeeded:
        return Completed(message=summary.sentence())
    return Failed(message=f"{summary.sentence()} ({', '.join(summary.failed)})")
