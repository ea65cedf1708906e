"""ledger.duckdb: opened by one process at a time, copied to be published.

While it is open no other process can read it. Users read `warehouse.duckdb`, a copy that is swapped in whole,
so that it opens at any moment.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Final

import duckdb

from warehouse.atomic import READ_ONLY, clear, put_database, scratch
from warehouse.data_folder import (
    LEDGER_FILE,
    WAREHOUSE_FILE,
    dissolve_links,
    refuse_behind,
    refuse_loss,
    refuse_without_ledger,
    way_back,
)
from warehouse.ddl import inherit_comments
from warehouse.errors import LedgerBusy, LedgerDamaged
from warehouse.machine_errors import refused_by_machine
from warehouse.migrations import bring_up_to_date, is_up_to_date, steps
from warehouse.text_safety import first_line
from warehouse.transaction import transaction
from warehouse.views import view_statements

FORMAT: Final[dict[str, str | bool | int | float | list[str]]] = {"storage_compatibility_version": "v1.3.0"}
"""The format of a new file: a tenth smaller than the oldest one, and DuckDB 1.3 (May 2025) can read it."""


def open_ledger(home: Path, *, checked: bool = True) -> duckdb.DuckDBPyConnection:
    """Open the ledger of a data folder to append to it; returns a connection.

    Missing tables and views are made, older ones migrated. A data folder that has lost its ledger, or whose
    ledger is older than its published copy, is refused unless `checked` is false. Raises LedgerMissing,
    LedgerBehind, LedgerBusy, LedgerDamaged, LedgerNewer, or OSError where the machine refuses.
    """
    if checked:
        refuse_without_ledger(home)
    connection = _connect(home)
    try:
        with transaction(connection.cursor()) as cursor:
            if not is_up_to_date(cursor, steps()):
                bring_up_to_date(cursor, steps())
                for statement in view_statements():
                    cursor.execute(statement)
                inherit_comments(cursor)
        if checked:
            ((scrapes,),) = connection.execute("SELECT count(*) FROM scrapes").fetchall()
            refuse_behind(home, int(scrapes))
        # Only one process at a time has the ledger open.
        clear(home)
        dissolve_links(home)
    except BaseException as problem:
        connection.close()
        # DuckDB reads what it knows of a table when it first needs it.
        if isinstance(problem, duckdb.IOException):
            raise _why_not(home, problem) from problem
        raise
    return connection


def close_ledger(connection: duckdb.DuckDBPyConnection) -> None:
    """Close the ledger, with everything written into its one file."""
    try:
        connection.execute("CHECKPOINT")
    finally:
        connection.close()


def make_ledger(home: Path, *, checked: bool = True) -> None:
    """Open and close the ledger, so that everything is in its one file and of today's schema."""
    close_ledger(open_ledger(home, checked=checked))


def publish_copy(home: Path, *, replace: bool = False) -> None:
    """Copy the ledger to warehouse.duckdb and swap it in; readers see the old or the new, never half.

    The copy is read only (0444), and a log that another program left beside the former one is removed. The
    ledger must be closed: copying a DuckDB file inside the process that holds it drops its lock. Raises
    LedgerBehind, unless `replace` is set, where scrapes of the published copy would be lost.
    """
    with scratch(home, "publish") as folder:
        fresh = Path(shutil.copyfile(home / LEDGER_FILE, folder / WAREHOUSE_FILE))
        if not replace:
            refuse_loss(home, fresh)
        put_database(fresh, home / WAREHOUSE_FILE, allow=READ_ONLY)


def _connect(home: Path) -> duckdb.DuckDBPyConnection:
    home.mkdir(parents=True, exist_ok=True)
    path = home / LEDGER_FILE
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    try:
        connection = duckdb.connect(str(path), config=FORMAT)
    except duckdb.IOException as problem:
        if "Could not set lock" in str(problem):
            said = f"another program has {path.name} open ({first_line(problem)})"
            raise LedgerBusy(said, advice="close it and run again") from problem
        raise _why_not(home, problem) from problem
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _why_not(home: Path, problem: duckdb.Error) -> Exception:
    """The error for a ledger that DuckDB could not open: the machine's, or that it is damaged."""
    path = home / LEDGER_FILE
    if number := refused_by_machine(problem):
        return OSError(number, os.strerror(number), str(path))
    said = f"{path} cannot be opened as a ledger: {first_line(problem)}"
    return LedgerDamaged(said, advice=way_back(home))
