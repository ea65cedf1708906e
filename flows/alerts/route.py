"""The alert route: rules, recipients, and the secrets that no notification may contain."""

from __future__ import annotations

from dataclasses import dataclass, field

from flows.alerts.rules import Rule
from scrapers.slots import NIGHTLY_HOUR


@dataclass(frozen=True)
class AlertRoute:
    """The rules of an installation, the Apprise addresses that it notifies, and its secrets.

    Addresses hold keys, so that neither they nor the secrets are ever printed. `secrets` are struck out of
    what is sent. `nightly_hour` is the UTC hour of nightly slots, `hourly` are the ids of hourly sources.
    """

    rules: tuple[Rule, ...] = ()
    addresses: tuple[str, ...] = field(default=(), repr=False)
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    nightly_hour: int = NIGHTLY_HOUR
    hourly: frozenset[str] = frozenset()
