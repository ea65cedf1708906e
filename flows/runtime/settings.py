"""Settings of an installation: config.toml in its data folder, then the GPULEDGER_* variables.

Both are read once, by read_settings. The variables belong to whoever types a command, so they hold for the
data folder that the command names, whichever that is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from flows.alerts.rules import Rule
from scrapers.slots import first_hour
from warehouse.errors import GpuledgerError

CONFIG_FILE: Final = "config.toml"
HOME_VARIABLE: Final = "GPULEDGER_HOME"
_SCHEDULE: Final = "gpuledger_schedule__"
FLOWS = ("nightly", "market", "compact")
"""What can be scheduled."""


class Schedule(BaseModel):
    """When `gpuledger serve` starts its flows: cron expressions in UTC, "" for never."""

    model_config = ConfigDict(extra="forbid")

    nightly: str = "17 3 * * *"
    market: str = "5 * * * *"
    compact: str = "43 5 * * 0"

    def of(self, flow: str) -> str:
        """The cron expression of a flow, "" for one that has none."""
        return str(getattr(self, flow, ""))

    @property
    def nightly_hour(self) -> int:
        """The UTC hour of nightly slots. Raises SettingsWrong where `nightly` is not a cron expression."""
        try:
            return first_hour(self.nightly)
        except ValueError as problem:
            said = f"schedule.nightly in config.toml: {self.nightly!r} is not a cron expression"
            raise SettingsWrong(f"{said}; write it as 17 3 * * *, or leave it empty") from problem


class SettingsWrong(GpuledgerError):
    """config.toml or a GPULEDGER_* variable is wrong; the message says which and why."""


class Settings(BaseSettings):
    """The settings. Secrets are not among them: they are read from the environment.

    Made as `Settings(...)` it has what it is given and nothing else.
    """

    model_config = SettingsConfigDict(env_prefix="GPULEDGER_", env_nested_delimiter="__", extra="forbid")

    warehouse: str = ""
    """The lake that holds the tables, ducklake:postgres:host=db dbname=gpuledger; else the data folder."""
    warehouse_data: str = ""
    """Where the lake's files are: a folder that all machines share, or s3://bucket/prefix."""
    warehouse_reader: str = ""
    """The same lake for `gpuledger sql`, as a role of PostgreSQL that may only read."""
    chromium: str | None = None
    """Path of a Chromium; found on PATH when unset."""
    allow_loopback: bool = False
    """Let fetches reach this machine itself; for tests only."""
    providers: Path | None = None
    """A folder of further providers, laid out as scrapers/providers is."""
    only: list[str] = []
    """Ids of the sources or providers that scheduled runs are confined to; empty means all that are on."""
    enable: list[str] = []
    """Ids of providers that are off by default and are read here all the same."""
    schedule: Schedule = Schedule()
    """When `serve` starts its runs; also what tells a run which slots were missed before it."""
    alerts: list[Rule] = []
    """Alert rules; see flows.alerts.rules. The addresses are in GPULEDGER_ALERT_URLS."""
    site_url: str = ""
    """The address that the site is published at, for links in alerts; by default its folder."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take nothing from the environment of the process."""
        return (init_settings,)


def read_settings(home: Path, environment: Mapping[str, str]) -> Settings:
    """The settings of a data folder under an environment, whose variables win. Raises SettingsWrong."""
    config = home / CONFIG_FILE
    where = f"{config} or a GPULEDGER_ variable"
    try:
        declared = tomllib.loads(config.read_text(encoding="utf-8")) if config.is_file() else {}
        return Settings(**_merged(declared, _variables(environment)))
    except ValidationError as problem:
        wrong = "; ".join(
            f"{'.'.join(map(str, error['loc'])) or 'the whole'}: {error['msg'].removeprefix('Value error, ')}"
            for error in problem.errors()
        )
        raise SettingsWrong(f"{where}: {wrong}") from problem
    except (SettingsError, tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise SettingsWrong(f"{where}: {problem}") from problem


def default_home(environment: Mapping[str, str]) -> Path:
    """The data folder where none is named: GPULEDGER_HOME, else ./data."""
    return Path(environment.get(HOME_VARIABLE) or "data").resolve()


def _variables(environment: Mapping[str, str]) -> dict[str, Any]:
    """What the GPULEDGER_* variables of an environment set; an empty one sets nothing, but for a schedule."""
    source = EnvSettingsSource(Settings)
    # In place of the environment of the process, which it begins with.
    source.env_vars = {
        name.lower(): value
        for name, value in environment.items()
        if value or name.lower().startswith(_SCHEDULE)
    }
    return source()


def _merged(declared: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with others laid over them; tables are merged name by name."""
    merged = {**declared, **over}
    for name in declared.keys() & over.keys():
        if isinstance(declared[name], dict) and isinstance(over[name], dict):
            merged[name] = _merged(declared[name], over[name])
    return merged
