"""The request of a scheduled run, from the installation's settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from flows.runtime.installation import Installation
from flows.runtime.run import FlowName, Origin, RunRequest
from flows.runtime.settings import SettingsWrong
from flows.runtime.settings_check import chromium, never_fires
from scrapers.simulation import is_simulated_web
from scrapers.slots import NIGHTLY_HOUR
from warehouse.errors import GpuledgerError


class PastSlot(GpuledgerError):
    """A live run was asked for a moment that is over."""


def scheduled_request(
    flow: FlowName,
    installation: Installation,
    *,
    at: datetime | None = None,
    only: Sequence[str] = (),
    recorded: Path | None = None,
    partial: bool = False,
) -> RunRequest:
    """The request of a nightly or market run, by default for now and over the network.

    `only` names sources or providers, by default those of the settings. Where none is named, sources whose
    credential is not set are left out. Raises DeclarationError, SettingsWrong, and PastSlot
    where today's prices would fill a slot that has passed.
    """
    if at is not None and recorded is None:
        raise PastSlot(
            "--at needs --recorded: the network answers with the prices of now, which never fill another slot"
        )
    settings = installation.settings
    if wrong := never_fires(settings.schedule.of(flow)):
        raise SettingsWrong(f"schedule.{flow} in config.toml: {wrong}")
    named = only or settings.only
    chosen = tuple(installation.registry.sources(named, enable=settings.enable))
    if recorded is None and not named:
        keys = installation.environment
        chosen = tuple(source for source in chosen if not source.missing_credential(keys))
    if flow == "market":
        chosen = tuple(source for source in chosen if source.declared.cadence == "hourly")
    return RunRequest(
        installation=installation,
        sources=chosen,
        at=(at or datetime.now(UTC),),
        flow=flow,
        origin=_origin(recorded),
        recorded=recorded,
        partial=partial,
        allow_loopback=settings.allow_loopback,
        chromium=chromium(settings),
        schedule=settings.schedule.of(flow),
        nightly_hour=settings.schedule.nightly_hour if flow == "nightly" else NIGHTLY_HOUR,
        alerts=installation.alert_route,
    )


def _origin(recorded: Path | None) -> Origin:
    """Where the prices come from; the demo's web is simulated whoever reads it."""
    if recorded is None:
        return "live"
    return "simulated" if is_simulated_web(recorded) else "recorded"
