"""Every limit stands in one place, and what is generated from it says the same."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from expectations.limits import DETECTOR, GATE, page
from warehouse.ledger import Ledger
from warehouse.limits import LENGTH, STATISTICS, rows, view_of_limits
from warehouse.storage import FileStorage

ROOT = Path(__file__).parents[2]


def test_the_document_and_the_view_are_as_generated() -> None:
    assert (ROOT / "docs" / "limits.md").read_text(encoding="utf-8") == page()
    text = (ROOT / "warehouse" / "views" / "limits.sql").read_text(encoding="utf-8")
    assert text == view_of_limits()


def test_sql_finds_every_limit_of_a_statistic(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        (found,) = ledger.query("FROM limits").to_dicts()
    assert {name: float(value) for name, value in found.items()} == pytest.approx(asdict(STATISTICS))


def test_windows_of_the_detector_are_as_long_for_every_cadence() -> None:
    nightly, hourly = DETECTOR["nightly"], DETECTOR["hourly"]
    for name in ("lookback", "rows_lookback", "gone_for"):
        assert getattr(nightly, name) * LENGTH["nightly"] == getattr(hourly, name) * LENGTH["hourly"]


@pytest.mark.parametrize("limits", [STATISTICS, GATE, *DETECTOR.values()])
def test_every_limit_says_what_it_means_and_where_it_comes_from(limits: object) -> None:
    found = list(rows(limits))
    assert found
    assert all(one.meaning.endswith(".") and one.unit and one.source for one in found)
