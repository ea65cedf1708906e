"""Settings of this installation: config.toml in the data folder, then GPULEDGER_* variables."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from flows.alerts.rules import Rule
from scrapers.slots import first_hour
from warehouse.errors import GpuledgerError

HOME_VARIABLE = "GPULEDGER_HOME"
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
    """What can be set; secrets never stand here, they come from the environment where they are used."""

    model_config = SettingsConfigDict(
        env_prefix="GPULEDGER_", env_nested_delimiter="__", extra="forbid", toml_file="config.toml"
    )

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
    """When somebody is to be told; see flows.alerts.rules. Where to, GPULEDGER_ALERT_URLS says."""
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
        """Read the environment first, then the data folder's config.toml."""
        config = default_home() / "config.toml"
        # An empty variable is one that is not set; but an empty schedule says never.
        if isinstance(env_settings, EnvSettingsSource):
            given = env_settings.env_vars.items()
            env_settings.env_vars = {
                name: value for name, value in given if value or "schedule__" in name.lower()
            }
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=config)


def read_settings() -> Settings:
    """The settings of this installation. Raises SettingsWrong."""
    where = f"{default_home() / 'config.toml'} or a GPULEDGER_ variable"
    try:
        return Settings()
    except ValidationError as problem:
        wrong = "; ".join(
            f"{'.'.join(map(str, error['loc'])) or 'the whole'}: {error['msg'].removeprefix('Value error, ')}"
            for error in problem.errors()
        )
        raise SettingsWrong(f"{where}: {wrong}") from problem
    except (SettingsError, tomllib.TOMLDecodeError) as problem:
        raise SettingsWrong(f"{where}: {problem}") from problem


def add_own_providers(settings: Settings) -> None:
    """Make this installation's own providers known, where it has some. Raises SettingsWrong."""
    if settings.providers:
        if not settings.providers.is_dir():
            what = "is not a folder" if settings.providers.exists() else "does not exist"
            raise SettingsWrong(
                f"providers: {settings.providers} {what}; name a folder, or remove the setting"
            )
        from scrapers import registry  # noqa: PLC0415 - only an installation with providers of its own pays

        registry.add_providers(settings.providers)


def default_home() -> Path:
    """The data folder: GPULEDGER_HOME, else ./data."""
    return Path(os.environ.get(HOME_VARIABLE) or "data").resolve()
