"""Deployments: the Prefect flows that schedules and work pools start."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

from prefect import Flow, State
from prefect import flow as prefect_flow
from prefect.client.schemas.objects import FlowRun
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows.pipeline.nightly import nightly as run
from flows.runtime.errors import explained
from flows.runtime.installation import Installation, installation_of_run
from flows.runtime.run import FlowName, RunRequest, RunSummary
from flows.runtime.settings import SettingsWrong
from flows.scheduling.heartbeat import heartbeats
from flows.scheduling.scheduled_request import scheduled_request
from scrapers.slots import NIGHTLY_HOUR, slot_name, slot_of_run
from warehouse.text_safety import visible


def run_name() -> str:
    """The name of a run of this module, by flow, provider and slot: market 2026-11-25T04Z."""
    parameters = flow_run.parameters or {}
    flow = str(parameters.get("flow") or flow_run.flow_name)
    slot = slot_of_run(flow, datetime.now(UTC), _nightly_hour(parameters.get("home")))
    share = parameters.get("share")
    return f"{flow} of {share} {slot_name(slot)}" if share else f"{flow} {slot_name(slot)}"


def _nightly_hour(home: str | None) -> int:
    """The hour of nightly slots. A run whose settings are wrong has a name too, and says what is wrong."""
    try:
        return Installation.of_process(home).settings.schedule.nightly_hour
    except SettingsWrong:
        return NIGHTLY_HOUR


class RunCrashed(RuntimeError):
    """The process of a run ended without a word; the message is what Prefect found."""


def crashed(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Tell of a run whose process was killed; called in the process of `serve`."""
    reason = state.message or "its process ended without a result"
    _say(f"{flow_run.name} crashed: {reason}; sources that were stored by then are kept")
    home = flow_run.parameters.get("home")
    # What ends the block is notified as the end of a run.
    with suppress(RunCrashed, SettingsWrong), installation_of_run(flow.name, home):
        raise RunCrashed(reason)


_OPTIONS: dict[str, Any] = {"flow_run_name": run_name, "on_crashed": [crashed], "persist_result": False}


@prefect_flow(name="nightly", **_OPTIONS)
async def nightly(home: str | None = None, site_url: str = "") -> State[None]:
    """Run now whatever is due every night or hour; ends Failed when a source was not stored.

    `home` is the data folder, `site_url` where its site is served unless its settings name an address.
    """
    return await _ended("nightly", home, site_url=site_url)


@prefect_flow(name="market", **_OPTIONS)
async def market(home: str | None = None, site_url: str = "") -> State[None]:
    """Run now whatever is due every hour, as `nightly`; ends Failed when a source was not stored."""
    return await _ended("market", home, site_url=site_url)


@prefect_flow(name="scheduled", **_OPTIONS)
async def scheduled(
    flow: Literal["nightly", "market"], home: str | None = None, share: str = ""
) -> State[None]:
    """Run now whatever is due, in a work pool; ends Failed when a source was not stored, with a sentence.

    `home` is the data folder, by default GPULEDGER_HOME of the process that runs it. A run that starts late
    fills the slot that is current by then, and its rows carry the time at which they were observed. `share`
    confines it to one provider, as a part of a shared run.
    """
    return await _ended(flow, home, share)


async def _ended(
    flow: Literal["nightly", "market"], home: str | None, share: str = "", site_url: str = ""
) -> State[None]:
    """Perform a run; prints a line on what became of it, which is the state's message too."""
    try:
        # A share's failure is notified by the run that shared it.
        with _installation_of_share(home) if share else installation_of_run(flow, home) as found:
            installation = found.with_site_at(site_url)
            summary = await _summary(flow, installation, share)
            site = installation.settings.site_url
    # What a user can fix is one line; anything else is a defect, and keeps its traceback.
    except Exception as problem:
        sentence = explained(problem)
        if sentence is None:
            _say(f"{flow} broke off: {type(problem).__name__}: {problem}")
            raise
        _say(f"{flow} did not run: {sentence}")
        return Failed(message=sentence)
    reasons = [f"{scrape['source']}: {scrape['error'] or scrape['status']}" for scrape in summary.unstored]
    said = "; ".join([summary.sentence(), *reasons])
    _say(f"{said} {site}".rstrip())
    return Failed(message=said) if reasons else Completed(message=said)


@contextmanager
def _installation_of_share(home: str | None) -> Iterator[Installation]:
    with heartbeats():
        yield Installation.of_process(home)


async def _summary(flow: FlowName, installation: Installation, share: str) -> RunSummary:
    """What became of a run."""
    request = await request_of(flow, installation)
    if share:
        own = tuple(source for source in request.sources if source.provider == share)
        request = replace(request, sources=own, share=share)
    return await run(request)


def _say(line: str) -> None:
    """Write one line on the terminal of `serve`."""
    sys.stdout.write(f"{datetime.now(UTC):%Y-%m-%d %H:%MZ} {visible(line)}\n")
    sys.stdout.flush()


async def request_of(flow: FlowName, installation: Installation) -> RunRequest:
    """What a scheduled run of an installation is asked to do."""
    # Finding a browser may ask Playwright, which refuses to answer beside a running event loop.
    return await asyncio.to_thread(scheduled_request, flow, installation)
