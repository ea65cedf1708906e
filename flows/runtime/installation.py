"""An installation: a data folder with its settings, its storage and its providers.

It is built once, where a command or a deployment starts, and passed down from there. Only the functions that
build it read the environment, so that two installations in one process never mix: each obeys its own
config.toml and the variables that it was built with.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from flows.alerts.route import AlertRoute
from flows.alerts.rules import RunFailedRule
from flows.runtime.settings import CONFIG_FILE, Settings, SettingsWrong, default_home, read_settings
from scrapers.slots import NIGHTLY_HOUR
from warehouse.errors import GpuledgerError

if TYPE_CHECKING:
    from scrapers.registry import Registry
    from warehouse.storage import Storage

ALERT_ADDRESSES: Final = "GPULEDGER_ALERT_URLS"
"""The variable with Apprise's addresses, separated by blanks; they hold keys, so nothing ever prints them."""
READER_PASSWORD: Final = "GPULEDGER_WAREHOUSE_READER_PASSWORD"  # noqa: S105 - the name of a variable
"""The variable with the password of the reader's role; else it is PGPASSWORD or ~/.pgpass."""
_SECRET: Final = re.compile(r"(?i)(key|secret|password|token|credential|alert_urls)")
# For a config.toml that cannot be read as a whole.
_RULE: Final = re.compile(r"""^[^#\n]*\bon\s*=\s*["']run_failed["']""", re.MULTILINE)


@dataclass(frozen=True)
class Installation:
    """A data folder, its settings, and the environment of the process.

    `environment` holds keys and passwords: it is never printed, logged or sent to Prefect. Everything derived
    from the three is computed at first use, so that a command pays only for what it needs.
    """

    home: Path
    settings: Settings = field(default_factory=Settings)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, home: Path, environment: Mapping[str, str]) -> Self:
        """The installation in a data folder, by its config.toml and the variables. Raises SettingsWrong."""
        settings = read_settings(home, environment)
        if (folder := settings.providers) and not folder.is_dir():
            what = "is not a folder" if folder.exists() else "does not exist"
            raise SettingsWrong(f"providers: {folder} {what}; name a folder, or remove the setting")
        return cls(home, settings, dict(environment))

    @classmethod
    def of_process(cls, home: Path | str | None = None) -> Self:
        """The installation that this process is started for, by default GPULEDGER_HOME, else ./data.

        To be called once, where a command or a deployment starts. Raises SettingsWrong.
        """
        return cls.read(_home_of_process(home), os.environ)

    def with_site_at(self, url: str) -> Self:
        """This installation with its site served at an address, unless its settings name one."""
        if not url or self.settings.site_url:
            return self
        return replace(self, settings=self.settings.model_copy(update={"site_url": url}))

    @cached_property
    def registry(self) -> Registry:
        """The providers: those shipped, and the installation's own. Raises DeclarationError."""
        from scrapers.registry import registry_with  # noqa: PLC0415 - only commands that need it pay

        return registry_with(self.settings.providers)

    @cached_property
    def storage(self) -> Storage:
        """Where the ledger is written: a lake, else the data folder. Raises LakeRefused."""
        from warehouse.storage import storage_of  # noqa: PLC0415 - it imports DuckDB

        return storage_of(self.home, self.settings.warehouse, self.settings.warehouse_data)

    def published(self) -> Storage:
        """The storage, once something is published there. Raises NothingPublished and LakeRefused."""
        self.storage.check_published()
        return self.storage

    def for_queries(self) -> Storage:
        """What `sql` reads: as `published`; of a lake what its reader's role may, with all that libpq needs.

        Raises NothingPublished and LakeRefused.
        """
        reader = self.settings.warehouse_reader
        password = self.environment.get(READER_PASSWORD, "") if reader else ""
        return self.published().as_reader(self.environment, reader, password)

    @cached_property
    def keys(self) -> frozenset[str]:
        """The values of every variable that a provider declares as its key. Raises DeclarationError."""
        return self.registry.credentials(self.environment)

    @cached_property
    def alert_route(self) -> AlertRoute:
        """Which rules are notified where, and what no notification may hold."""
        addresses = tuple(self.environment.get(ALERT_ADDRESSES, "").split())
        secrets = {value for name, value in self.environment.items() if _SECRET.search(name)}
        hourly: frozenset[str] = frozenset()
        # A declaration that is wrong must not keep a failure from being notified.
        with suppress(OSError, GpuledgerError):
            secrets |= self.keys
            hourly = self.registry.hourly
        hour = NIGHTLY_HOUR
        with suppress(SettingsWrong):
            hour = self.settings.schedule.nightly_hour
        return AlertRoute(
            tuple(self.settings.alerts), addresses, frozenset(secrets | {*addresses}), hour, hourly
        )


@contextmanager
def installation_of_run(flow: str, home: Path | str | None = None) -> Iterator[Installation]:
    """The installation that a run of a flow is started for, as of_process gives it; notifies of a failed run.

    A run whose settings cannot be read is notified by the rule in the text of its config.toml. Raises
    SettingsWrong.
    """
    from flows.alerts.run_failures import notify_run_failed, notifying_failures  # noqa: PLC0415 - only runs pay

    try:
        installation = Installation.of_process(home)
    except SettingsWrong as problem:
        unread = _without_settings(_home_of_process(home), os.environ)
        notify_run_failed(unread.home, flow, problem, unread.alert_route)
        raise
    with notifying_failures(installation.home, flow, installation.alert_route):
        yield installation


def _home_of_process(home: Path | str | None) -> Path:
    return Path(home).resolve() if home else default_home(os.environ)


def _without_settings(home: Path, environment: Mapping[str, str]) -> Installation:
    """An installation whose config.toml is wrong, as far as it takes to notify of that."""
    settings = Settings()
    with suppress(OSError, UnicodeError):
        if _RULE.search((home / CONFIG_FILE).read_text(encoding="utf-8")):
            settings = Settings(alerts=[RunFailedRule(on="run_failed")])
    return Installation(home, settings, dict(environment))
