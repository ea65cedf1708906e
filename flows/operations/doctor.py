"""Health checks of an installation: what the next run needs, what is wrong, what to do about it."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final, Literal
from urllib.error import URLError
from urllib.request import urlopen

import duckdb

from flows.alerts.notify import unknown_addresses
from flows.operations.unsealed_archives import unsealed
from flows.queries import load_query
from flows.runtime.clock import TOLERANCE
from flows.runtime.installation import ALERT_ADDRESSES, Installation
from flows.runtime.settings import FLOWS, Settings
from flows.runtime.settings_check import chromium, chromium_problem, misconfigured, never_fires, rendered
from reports.tables import moment
from scrapers.slots import slot_name
from warehouse.atomic import leftovers, logs_beside, size
from warehouse.data_folder import LEDGER_FILE, WAREHOUSE_FILE, LedgerMissing
from warehouse.errors import LakeRefused, NothingPublished, WarehouseDamaged
from warehouse.materialized import CACHE
from warehouse.session import read_warehouse
from warehouse.storage import Storage
from warehouse.stray_log import CURE
from warehouse.text_safety import first_line

State = Literal["ok", "warning", "problem"]
_ROOM: Final = 2e9
_COPIES: Final = 4
_NAMED: Final = 5


@dataclass(frozen=True)
class HealthCheck:
    """One thing that was looked at: how it is, what was found, and what to do ("" when it is fine)."""

    name: str
    state: State
    found: str
    advice: str = ""


def examine(installation: Installation, now: datetime) -> list[HealthCheck]:
    """Look at everything that a run needs and at what the former ones left; changes nothing."""
    settings = installation.settings
    return [
        _python(),
        *_settings(installation),
        _browser(installation),
        *_folder(installation.home),
        *_schedules(settings),
        _prefect(installation.environment.get("PREFECT_API_URL", "")),
        *_credentials(installation),
        *_alerts(installation),
        *_ledger(installation, now),
    ]


def _python() -> HealthCheck:
    version = platform.python_version()
    return HealthCheck("python", "ok", f"{version} at {sys.executable}")


def _browser(installation: Installation) -> HealthCheck:
    settings = installation.settings
    needed = rendered(installation)
    fails = f", so these fail every night: {_some(needed)}" if needed else "; no source that is on needs one"
    state: State = "problem" if needed else "warning"
    advice = "install Chromium, or name one in GPULEDGER_CHROMIUM"
    if wrong := chromium_problem(settings.chromium):
        return HealthCheck("browser", state, f"{wrong}{fails}", advice)
    if found := chromium(settings):
        return HealthCheck("browser", "ok", found)
    return HealthCheck("browser", state, f"none{fails}", advice)


def _settings(installation: Installation) -> Iterator[HealthCheck]:
    wrong = [HealthCheck(one.name, "problem", one.found, one.advice) for one in misconfigured(installation)]
    yield from wrong or [HealthCheck("settings", "ok", "every name in them is known")]


def _folder(home: Path) -> Iterator[HealthCheck]:
    where = next(folder for folder in (home, *home.parents) if folder.exists())
    try:
        with NamedTemporaryFile(dir=where):
            pass
    except OSError as problem:
        yield HealthCheck(
            "folder", "problem", f"{where}: {problem.strerror}", "let the user who runs gpuledger write there"
        )
    else:
        yield HealthCheck("folder", "ok", f"{home} can be written")
    ledger = home / LEDGER_FILE
    wanted = max(_ROOM, _COPIES * ledger.stat().st_size if ledger.exists() else 0)
    free = shutil.disk_usage(where).free
    found = f"{free / 1e9:,.1f} GB free"
    if free < wanted:
        yield HealthCheck(
            "disk", "problem", found, f"free {wanted / 1e9:,.1f} GB: a run copies the ledger to publish it"
        )
    else:
        yield HealthCheck("disk", "ok", found)


def _schedules(settings: Settings) -> Iterator[HealthCheck]:
    for flow in FLOWS:
        cron = settings.schedule.of(flow)
        if wrong := never_fires(cron):
            yield HealthCheck(
                "schedule", "problem", f"{flow}: {wrong}", f"fix schedule.{flow} in config.toml"
            )
        else:
            yield HealthCheck("schedule", "ok", f"{flow} {cron or 'never'} (UTC)")


def _prefect(address: str) -> HealthCheck:
    if not address:
        return HealthCheck("prefect", "ok", "no PREFECT_API_URL: each command starts a server of its own")
    try:
        with urlopen(f"{address.rstrip('/')}/health", timeout=5):  # noqa: S310 - the user's own address
            return HealthCheck("prefect", "ok", f"{address} answers")
    except (URLError, OSError, ValueError) as problem:
        why = getattr(problem, "reason", problem)
        advice = "start `gpuledger serve` or `prefect server start`, or unset PREFECT_API_URL"
        return HealthCheck("prefect", "problem", f"{address} does not answer: {why}", advice)


def _credentials(installation: Installation) -> Iterator[HealthCheck]:
    """Which keys are there, by the names of their variables; never what they hold."""
    registry = installation.registry
    enabled = [name for name in installation.settings.enable if name in registry.providers]
    for source in registry.sources(enable=enabled):
        if source.declared.credential is None:
            continue
        missing = source.missing_credential(installation.environment)
        if missing is None:
            yield HealthCheck("credential", "ok", f"{source.id}: there")
        else:
            yield HealthCheck("credential", "ok", f"{source.id}: {missing} is not set, so it is left out")


def _alerts(installation: Installation) -> Iterator[HealthCheck]:
    routing = installation.alert_route
    if not routing.rules:
        return
    given = len(routing.addresses)
    found = f"{len(routing.rules)} rules, {given} addresses"
    if unknown := unknown_addresses(routing.addresses):
        yield HealthCheck(
            "alerts",
            "problem",
            f"{found}, of which Apprise does not know {unknown}",
            f"fix {ALERT_ADDRESSES}",
        )
    elif given:
        yield HealthCheck("alerts", "ok", f"{found}; `gpuledger alerts test` tries them")
    else:
        yield HealthCheck("alerts", "problem", found, f"name where to in {ALERT_ADDRESSES}")


def _ledger(installation: Installation, now: datetime) -> Iterator[HealthCheck]:
    home = installation.home
    yield from _left_behind(home)
    try:
        storage = installation.storage
    except LakeRefused as refused:
        yield HealthCheck("lake", "problem", str(refused), "correct GPULEDGER_WAREHOUSE")
        return
    try:
        storage.check_ledger()
        storage.check_published()
    except LedgerMissing as missing:
        yield HealthCheck("ledger", "problem", missing.message, missing.advice)
    except NothingPublished as nothing:
        yield HealthCheck("ledger", "warning", nothing.message, "run `gpuledger nightly`")
    if storage.is_published:
        yield from _published(storage, home, now)


def _published(storage: Storage, home: Path, now: datetime) -> Iterator[HealthCheck]:
    try:
        with read_warehouse(storage) as connection:
            for folder in storage.folders(connection):
                yield HealthCheck("lake", "ok", f"{storage}, files in {folder}")
            yield from _held(connection, home, now, storage.advice_wrong_rows())
    except LakeRefused as refused:
        yield HealthCheck(
            "lake", "problem", str(refused), "see that its database runs; a first run makes the lake"
        )
    except (WarehouseDamaged, duckdb.Error) as problem:
        # The advice is in the message of WarehouseDamaged too.
        found = f"{storage.published_name} cannot be read: {first_line(problem.__cause__ or problem)}"
        yield HealthCheck("ledger", "problem", found, storage.advice_unreadable())


def _left_behind(home: Path) -> Iterator[HealthCheck]:
    """What killed processes and other programs left beside the files of a data folder."""
    for log in logs_beside(home / WAREHOUSE_FILE):
        found = f"{log} was left by another program; clients other than gpuledger apply it ({_size(log)})"
        yield HealthCheck("leftover", "problem", found, CURE)
    scratches = [path for folder in (home, home / CACHE, home / "backups") for path in leftovers(folder)]
    for path in (*scratches, *unsealed(home)):
        found = f"{path} is left of a command that was killed ({_size(path)})"
        yield HealthCheck("leftover", "warning", found, "the next run removes it; it can be removed now")


def _size(path: Path) -> str:
    return f"{size(path) / 1e6:,.1f} MB"


def _held(
    connection: duckdb.DuckDBPyConnection, home: Path, now: datetime, back: str
) -> Iterator[HealthCheck]:
    yield _unless(
        "rows",
        [f"{row['source']} {slot_name(row['slot'])}" for row in _ask(connection, "wrong_counts")],
        ("every scrape has the rows that it stored", "not as many rows as were stored"),
        f"{back}, or `gpuledger replay` these slots",
    )
    yield _unless(
        "keys",
        [f"{row['source']} {slot_name(row['slot'])}" for row in _ask(connection, "duplicates")],
        ("no snapshot is stored twice", "stored more than once"),
        f"{back}; and report it, since it should not be possible",
    )
    files = [row["warc_file"] for row in _ask(connection, "archive_files")]
    gone = [file for file in files if not (home / file).is_file()]
    yield _unless(
        "archive",
        gone,
        (f"all {len(files)} files are there", f"{len(gone)} of {len(files)} files are gone"),
        "bring raw/ back from your copies; `gpuledger verify` names the figures that hang on it",
    )
    yield _clock(connection, now)
    yield from _nights(_ask(connection, "stale_sources", now=now))


def _nights(stale: list[dict[str, Any]]) -> Iterator[HealthCheck]:
    """Sources that fail, one by one, and together those that nothing has read of late."""
    unread: dict[datetime, list[str]] = {}
    for row in stale:
        since = slot_name(row["last_good_slot"]) if row["last_good_slot"] else "never"
        if row["last_status"] in {"ok", "partial"}:
            unread.setdefault(row["last_good_slot"], []).append(row["source"])
        else:
            found = f"{row['source']}: last good {since}, now {row['last_status']}"
            yield HealthCheck("source", "warning", found, row["last_error"] or "see the data-quality page")
    for slot, names in unread.items():
        found = f"{len(names)} not read since {slot_name(slot)}: {_some(names)}"
        yield HealthCheck("source", "warning", found, "see that `gpuledger serve` or your own schedule runs")
    if not stale:
        yield HealthCheck("source", "ok", "every source had a good night within two days")


def _unless(name: str, wrong: list[str], words: tuple[str, str], advice: str) -> HealthCheck:
    """Fine, in the first words, unless something is wrong, in the others."""
    if wrong:
        return HealthCheck(name, "problem", f"{words[1]}: {_some(wrong)}", advice)
    return HealthCheck(name, "ok", words[0])


def _clock(connection: duckdb.DuckDBPyConnection, now: datetime) -> HealthCheck:
    for run_id, ended in connection.execute(load_query("newest_end")).fetchall():
        if ended.astimezone(UTC) - now > TOLERANCE:
            found = f"it is {moment(now)} here, and run {run_id} ended at {moment(ended.astimezone(UTC))}"
            advice = f"set the clock; or, if that run had the wrong one: gpuledger ledger void {run_id}"
            return HealthCheck("clock", "problem", found, advice)
    return HealthCheck("clock", "ok", moment(now))


def _ask(connection: duckdb.DuckDBPyConnection, name: str, **asked: Any) -> list[dict[str, Any]]:
    return connection.execute(load_query(name), asked).pl().to_dicts()


def _some(names: list[str]) -> str:
    """The first few of many names."""
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + rest
