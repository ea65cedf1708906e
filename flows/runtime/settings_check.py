"""Checks of settings that are valid one by one and wrong together.

A name that nothing has, a folder that is not there: a run would leave something out without a word.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NamedTuple
from urllib.parse import urlsplit

from flows.runtime.installation import Installation
from flows.runtime.settings import Settings
from scrapers.browser import find_chromium
from scrapers.declaration import DeclarationError
from scrapers.registry import Source, load_provider
from warehouse.schema import HISTORY

_S3 = "s3://"


class Misconfigured(NamedTuple):
    """A setting that is wrong: its name, what is wrong, and what to do."""

    name: str
    found: str
    advice: str


def misconfigured(installation: Installation) -> Iterator[Misconfigured]:
    """Everything that is wrong in its settings; reads folders and changes nothing."""
    settings, providers = installation.settings, installation.registry.providers
    yield from _folder_of_providers(settings.providers)
    known_providers = set(providers)
    known_sources = {source.id for provider in providers.values() for source in provider.sources.values()}
    yield from _unknown("only", settings.only, known_sources | known_providers)
    yield from _unknown("enable", settings.enable, known_providers)
    for number, rule in enumerate(settings.alerts, start=1):
        place = f"alerts, rule {number}"
        if (provider := getattr(rule, "provider", None)) is not None:
            yield from _unknown(place, [provider], known_providers)
        source = getattr(rule, "source", None)
        if source is not None and not source.startswith(HISTORY):
            yield from _unknown(place, [source], known_sources)
    yield from _lake_files(settings)
    yield from _site_url(settings.site_url)


def rendered(installation: Installation) -> list[str]:
    """The ids of the sources that are read here and need a browser; names that nothing has are left out."""
    known = installation.registry.providers
    enable = [name for name in installation.settings.enable if name in known]
    return sorted(source.id for source in _read_here(installation, enable) if source.browser)


def chromium_problem(named: str | None) -> str:
    """Why the browser that the settings name cannot be used; "" where it can, or none is named."""
    if named is None or shutil.which(named):
        return ""
    path = Path(named)
    if path.is_dir():
        return f"{named} is a folder"
    return f"{named} cannot be executed" if path.exists() else f"there is no {named}"


def _read_here(installation: Installation, enable: list[str]) -> list[Source]:
    found = []
    for name in installation.settings.only or [""]:
        try:
            found += installation.registry.sources([name] if name else [], enable=enable)
        except DeclarationError:
            continue
    return found


def _unknown(setting: str, names: Iterable[str], known: set[str]) -> Iterator[Misconfigured]:
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            found = f"{setting}: no source or provider is called {name!r}{meant}"
            yield Misconfigured(
                "settings", found, "fix it in config.toml; `gpuledger providers` lists the names"
            )


def _folder_of_providers(folder: Path | None) -> Iterator[Misconfigured]:
    if folder is None:
        return
    advice = "name in `providers` of config.toml a folder with a folder for each provider"
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        yield Misconfigured("providers", f"{folder} {what}", advice)
        return
    declared = sorted(folder.glob("*/provider.toml"))
    if not declared:
        yield Misconfigured("providers", f"{folder} declares no provider", advice)
    for path in declared:
        try:
            load_provider(path.parent)
        except DeclarationError as problem:
            yield Misconfigured("providers", str(problem).partition("\n")[0], f"fix {path}")


def _lake_files(settings: Settings) -> Iterator[Misconfigured]:
    data = settings.warehouse_data
    if not data or data.startswith(_S3):
        return
    if not settings.warehouse:
        advice = "name the lake in `warehouse` of config.toml, or remove `warehouse_data`"
        yield Misconfigured("lake", "warehouse_data is set, and warehouse is not", advice)
        return
    folder = Path(data)
    where = next((one for one in (folder, *folder.absolute().parents) if one.exists()), folder)
    try:
        with NamedTemporaryFile(dir=where):
            pass
    except OSError as problem:
        found = f"warehouse_data: {where}: {problem.strerror}"
        yield Misconfigured("lake", found, "let the user who runs gpuledger write there")


def _site_url(url: str) -> Iterator[Misconfigured]:
    try:
        parts = urlsplit(url)
        good = not url or (parts.scheme in {"http", "https"} and bool(parts.hostname))
    except ValueError:
        good = False
    if not good:
        advice = "give `site_url` in config.toml as https://host/path, or remove it"
        yield Misconfigured("settings", f"site_url: {url!r} is not an address of the web", advice)


def never_fires(cron: str) -> str:
    """Why a schedule in UTC starts nothing; "" for one that does, or for none. Needs no event loop to run."""
    import asyncio  # noqa: PLC0415

    from prefect.server.schemas.schedules import CronSchedule  # noqa: PLC0415 - it takes seconds

    if not cron:
        return ""
    try:
        schedule = CronSchedule(cron=cron, timezone="UTC")
        if asyncio.run(schedule.get_dates(1, start=datetime.now(UTC))):
            return ""
    except ValueError as problem:
        return f"{cron!r} is not a schedule: {str(problem).partition(os.linesep)[0]}"
    return f"{cron!r} never comes"


def chromium(settings: Settings) -> str | None:
    """The browser to use: the one that was set, else one that is found; not beside a running event loop."""
    return settings.chromium or find_chromium()
