"""Compaction as the flow that a schedule starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.runtime.lock import RunUnderWay, run_lock
from flows.scheduling.compaction import compact
from tests.warehouse.test_views import offer, store
from warehouse.checksums import checksums
from warehouse.data_folder import LEDGER_FILE
from warehouse.ledger import Ledger
from warehouse.storage import FileStorage


def test_the_flow_compacts_the_ledger_of_its_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPULEDGER_HOME", str(tmp_path))
    with Ledger(FileStorage(tmp_path)) as ledger:
        for night in range(3):
            store(ledger, night, "offers", [offer(1.0)])
    before = checksums(tmp_path / LEDGER_FILE)
    ended = compact.fn()
    assert ended.is_completed()
    assert ended.message.startswith(f"{sum(rows for rows, _ in before.values())} rows: ")
    assert checksums(tmp_path / LEDGER_FILE) == before


def test_it_does_not_disturb_another_compaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPULEDGER_HOME", str(tmp_path))
    with run_lock(tmp_path, "compact"), pytest.raises(RunUnderWay, match="a second one is not started"):
        compact.fn()
