"""Files of a data folder, and how to recover when the ledger is missing.

Its errors stop callers that would otherwise begin an empty ledger over the last copy of an old one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb

from warehouse.errors import GpuledgerError
from warehouse.queries import load_query
from warehouse.stray_log import alone
from warehouse.text_safety import quoted

LEDGER_FILE: Final = "ledger.duckdb"
WAREHOUSE_FILE: Final = "warehouse.duckdb"
BACKUPS: Final = "backups"
ARCHIVE: Final = "raw"
FORMER: Final = "ledger-before-restore"


class LedgerMissing(GpuledgerError):
    """There is no ledger, but something that was made from one; the message says how to bring it back."""


class LedgerBehind(GpuledgerError):
    """The published copy holds scrapes that the ledger does not; the message says how to keep either."""


def refuse_without_ledger(home: Path) -> None:
    """Raise LedgerMissing where ledger.duckdb is absent or empty, and a copy or an archive of it is there."""
    ledger = home / LEDGER_FILE
    if ledger.exists() and ledger.stat().st_size:
        return
    state = "is empty" if ledger.exists() else "is not there"
    found = _found(home)
    if found:
        raise LedgerMissing(f"{ledger} {state}, but {' and '.join(found)}", advice=way_back(home))


def refuse_behind(home: Path, scrapes: int) -> None:
    """Raise LedgerBehind where warehouse.duckdb holds more scrapes than the ledger's number of them."""
    published = scrapes_in(home / WAREHOUSE_FILE) or 0
    if published > scrapes:
        raise LedgerBehind(
            f"{home / LEDGER_FILE} holds {scrapes:,} scrapes and {home / WAREHOUSE_FILE} {published:,}",
            advice=_either(home),
        )


def refuse_loss(home: Path, fresh: Path) -> None:
    """Raise LedgerBehind where warehouse.duckdb holds a scrape that the file to be published does not."""
    lost = _scrapes_lost(home / WAREHOUSE_FILE, fresh)
    if lost:
        raise LedgerBehind(
            f"{home / WAREHOUSE_FILE} was left as it is, since it holds {lost:,} scrapes that "
            f"{home / LEDGER_FILE} does not",
            advice=_either(home),
        )


def dissolve_links(home: Path) -> None:
    """Remove a kept former ledger that is the ledger itself under a second name.

    A restore that was killed before its last step leaves one; it would change with every run.
    """
    ledger = home / LEDGER_FILE
    if ledger.exists() and ledger.stat().st_nlink > 1:
        for kept in (home / BACKUPS).glob(f"{FORMER}-*.duckdb"):
            if kept.samefile(ledger):
                kept.unlink()


def scrapes_in(file: Path) -> int | None:
    """How many scrapes a copy of a ledger holds; None where it cannot be read or is not one."""
    if not file.exists():
        return None
    try:
        with alone(file) as path, duckdb.connect(str(path), read_only=True) as connection:
            ((scrapes,),) = connection.execute("SELECT count(*) FROM scrapes").fetchall()
    except duckdb.Error:
        return None
    return int(scrapes)


def best_copy(home: Path) -> Path | None:
    """The readable copy with the most scrapes, published or in backups/; None where there is none."""
    backups = sorted((home / BACKUPS).glob("*.duckdb"), key=lambda file: file.stat().st_mtime, reverse=True)
    counted = [(scrapes_in(file) or 0, file) for file in (home / WAREHOUSE_FILE, *backups)]
    # Of equals the first: the published copy, then the newest backup.
    scrapes, best = max(counted, key=lambda pair: pair[0])
    return best if scrapes else None


def way_back(home: Path) -> str:
    """What to type to have a ledger again, by what is there."""
    if copy := best_copy(home):
        return f"`gpuledger ledger restore {copy}` brings it back; {_on_purpose()}"
    if _archived(home):
        return (
            f"there is no copy of the ledger that can be read; {_on_purpose()}, and "
            "`gpuledger nightly --recorded RAW --at TIME` reads archived slots into it again"
        )
    return f"none of these can be read as a ledger: bring a backup from elsewhere, or {_on_purpose()}"


def anew(home: Path) -> str:
    """What to type to have a readable warehouse.duckdb again, by what is there."""
    ledger = home / LEDGER_FILE
    if ledger.exists() and ledger.stat().st_size:
        return "`gpuledger publish` makes it again from the ledger"
    return way_back(home)


def _on_purpose() -> str:
    return "`gpuledger ledger new` begins an empty one on purpose"


def _either(home: Path) -> str:
    return (
        f"`gpuledger ledger restore {home / WAREHOUSE_FILE}` makes the published copy the ledger; "
        "`gpuledger publish --replace` publishes the ledger as it is and keeps that copy in backups/"
    )


def _found(home: Path) -> list[str]:
    """What there is of a ledger that was here before, in words."""
    backups = [*(home / BACKUPS).glob("*.duckdb")]
    return [
        words
        for words, there in (
            (f"a published copy ({WAREHOUSE_FILE})", (home / WAREHOUSE_FILE).exists()),
            (f"{len(backups)} backups ({BACKUPS}/)", bool(backups)),
            (f"an archive ({ARCHIVE}/)", _archived(home)),
        )
        if there
    ]


def _archived(home: Path) -> bool:
    return next((home / ARCHIVE).rglob("*.warc.gz"), None) is not None


def _scrapes_lost(published: Path, fresh: Path) -> int:
    """How many scrapes of one file are not in another; 0 where the first cannot be read as a ledger."""
    if not scrapes_in(published):
        return 0
    with alone(published) as path, duckdb.connect() as connection:
        connection.execute(f"ATTACH {quoted(str(path))} AS published (READ_ONLY)")
        connection.execute(f"ATTACH {quoted(str(fresh))} AS fresh (READ_ONLY)")
        ((count,),) = connection.execute(load_query("scrapes_lost")).fetchall()
    return int(count)
