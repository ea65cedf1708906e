"""Restore a backup, create an empty ledger, publish again.

The caller holds the lock of the data folder. What is replaced is kept in backups/ first. At every moment the
folder has a complete ledger of the former rows or of the new ones: a file is swapped in by one rename.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import duckdb

from warehouse.atomic import READ_ONLY, link_or_copy, logs_beside, put, put_database, scratch
from warehouse.checksums import checksums
from warehouse.data_folder import BACKUPS, FORMER, LEDGER_FILE, WAREHOUSE_FILE, LedgerMissing, scrapes_in
from warehouse.errors import LedgerBusy, LedgerDamaged
from warehouse.ledger_file import make_ledger, publish_copy
from warehouse.maintenance import refuse_without_room
from warehouse.migrations import LedgerNewer


def restore(home: Path, copy: Path, now: datetime) -> list[Path]:
    """Put a copy in the ledger's place and publish it; returns where the former files are kept.

    A copy is a backup, or the published warehouse.duckdb. Raises LedgerDamaged for a file that is not a
    ledger, and LedgerNewer for one of a newer gpuledger; the ledger then stays as it is.
    """
    home.mkdir(parents=True, exist_ok=True)
    _fold_log(home)
    refuse_without_room(home, 2 * copy.stat().st_size)
    with scratch(home, "restore") as folder:
        fresh = _taken(copy, folder)
        shutil.copyfile(fresh, folder / WAREHOUSE_FILE)
        kept = [*_keep_ledger(home, now), *_keep_published(home, folder / WAREHOUSE_FILE, now)]
        # Were it published last, an end in between would leave a ledger that is older than what is published.
        put_database(folder / WAREHOUSE_FILE, home / WAREHOUSE_FILE, allow=READ_ONLY)
        put_database(fresh, home / LEDGER_FILE)
    return kept


def begin(home: Path, now: datetime) -> list[Path]:
    """Begin an empty ledger where the former one is lost; returns where the files of before are kept.

    The archive stays as it is. Raises LedgerDamaged where there is a ledger with scrapes.
    """
    with suppress(LedgerDamaged):
        _fold_log(home)
    if scrapes := scrapes_in(home / LEDGER_FILE):
        raise LedgerDamaged(
            f"{home / LEDGER_FILE} holds {scrapes:,} scrapes, so it is not lost: move it away to begin anew"
        )
    with scratch(home, "new") as folder:
        make_ledger(folder)
        shutil.copyfile(folder / LEDGER_FILE, folder / WAREHOUSE_FILE)
        kept = [*_keep_ledger(home, now), *_keep_published(home, folder / WAREHOUSE_FILE, now)]
        put_database(folder / WAREHOUSE_FILE, home / WAREHOUSE_FILE, allow=READ_ONLY)
        put_database(folder / LEDGER_FILE, home / LEDGER_FILE)
    return kept


def republish(home: Path, now: datetime, *, replace: bool = False) -> list[Path]:
    """Publish the ledger as it is; with `replace` also over a copy that holds more, kept in backups/.

    Returns where that copy is kept. Raises LedgerMissing, LedgerBehind, LedgerDamaged or LedgerNewer.
    """
    if not (home / LEDGER_FILE).exists():
        said = f"there is no {home / LEDGER_FILE} to publish"
        raise LedgerMissing(said, advice="run `gpuledger nightly` first")
    make_ledger(home, checked=not replace)
    kept = _keep_published(home, home / LEDGER_FILE, now) if replace else []
    publish_copy(home, replace=replace)
    return kept


def _fold_log(home: Path) -> None:
    """Write what is in the ledger's log into its file, where it can be opened."""
    ledger = home / LEDGER_FILE
    if ledger.exists() and ledger.stat().st_size:
        with suppress(LedgerDamaged, LedgerNewer):
            make_ledger(home, checked=False)


def _taken(copy: Path, folder: Path) -> Path:
    """A copy as a ledger of today's schema in a folder of its own. Raises LedgerDamaged."""
    fresh = Path(shutil.copyfile(copy, folder / LEDGER_FILE))
    _add_log(copy, folder)
    make_ledger(folder)
    if checksums(fresh)["scrapes"][0] == 0:
        raise LedgerDamaged(f"{copy} holds no scrape, so it is not a copy of a ledger")
    return fresh


def _add_log(copy: Path, folder: Path) -> None:
    """Apply a log beside a copy where it adds rows, as that of a killed run does.

    Backups and published copies are written without one: another program's log may delete rows, or belong to
    a file that had the name before.
    """
    logs = logs_beside(copy)
    if not logs:
        return
    trial = folder / "trial"
    trial.mkdir()
    for file in (copy, *logs):
        shutil.copyfile(file, trial / file.name.replace(copy.name, LEDGER_FILE, 1))
    with suppress(duckdb.Error, LedgerDamaged, LedgerBusy):
        make_ledger(trial)
        alone, together = checksums(folder / LEDGER_FILE), checksums(trial / LEDGER_FILE)
        if all(together.get(table, (0, 0))[0] >= rows for table, (rows, _) in alone.items()):
            put(trial / LEDGER_FILE, folder / LEDGER_FILE)


def _keep_ledger(home: Path, now: datetime) -> list[Path]:
    """Give the ledger, and a log that could not be written into it, a second name in backups/."""
    ledger = home / LEDGER_FILE
    if not ledger.exists() or not ledger.stat().st_size:
        return []
    former = _free_name(home, FORMER, now)
    for log in logs_beside(ledger):
        link_or_copy(log, former.with_name(log.name.replace(ledger.name, former.name, 1)))
    link_or_copy(ledger, former)
    return [former]


def _keep_published(home: Path, fresh: Path, now: datetime) -> list[Path]:
    """Keep the published copy where what is published next, and the ledger, hold fewer scrapes."""
    published = home / WAREHOUSE_FILE
    held = scrapes_in(published) or 0
    if held <= max(scrapes_in(fresh) or 0, scrapes_in(home / LEDGER_FILE) or 0):
        return []
    former = _free_name(home, "warehouse-before-restore", now)
    link_or_copy(published, former)
    return [former]


def _free_name(home: Path, name: str, now: datetime) -> Path:
    folder = home / BACKUPS
    folder.mkdir(exist_ok=True)
    stem, number = f"{name}-{now:%Y%m%dT%H%M%SZ}", 1
    path = folder / f"{stem}.duckdb"
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.duckdb"
    return path
