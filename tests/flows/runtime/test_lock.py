"""One run at a time: a data folder whose ledger another program has open is waited for, within bounds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from flows.runtime.lock import run_lock
from warehouse.data_folder import LEDGER_FILE
from warehouse.errors import LedgerBusy
from warehouse.ledger import Ledger
from warehouse.storage import FileStorage
from warehouse.storage.file_lock import holder_of

CLIENT = """
import duckdb, sys
with duckdb.connect(sys.argv[1], read_only=True):
    print("open", flush=True)
    sys.stdin.read()
"""


@contextmanager
def client(ledger: Path) -> Iterator[subprocess.Popen[str]]:
    """A person's client that has the ledger open, to read only."""
    command = [sys.executable, "-c", CLIENT, str(ledger)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process


def test_a_client_is_named_once_and_waited_for_within_bounds(tmp_path: Path) -> None:
    told: list[str] = []
    with Ledger(FileStorage(tmp_path)):
        pass
    ledger = tmp_path / LEDGER_FILE
    with (
        client(ledger) as process,
        pytest.raises(LedgerBusy, match=f"process {process.pid} .*open .*warehouse.duckdb instead"),
        run_lock(tmp_path, "nightly", told.append, client_patience=1.2),
    ):
        pytest.fail("the client still has the ledger")
    (sentence,) = told
    assert sentence.endswith("waiting for it to be closed")
    with run_lock(tmp_path, "nightly", told.append), Ledger(FileStorage(tmp_path)):
        assert len(told) == 1


def test_a_file_that_nobody_has_open_has_no_holder(tmp_path: Path) -> None:
    assert holder_of(tmp_path / "none") is None
    with duckdb.connect(str(tmp_path / "file")):
        pass
    assert holder_of(tmp_path / "file") is None
