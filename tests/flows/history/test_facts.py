"""Dated facts in the ledger: archived, loaded once, and the beginning of the free-tier timeline."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.history import facts
from scrapers.archive.writer import read_archive
from scrapers.history.facts import facts_file
from warehouse.ledger import Ledger
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage

AT = datetime(2026, 11, 20, 3, 17, tzinfo=UTC)
MORE = b"""[kaggle]
facts = [
    { on = "2019", subject = "Free", term = "session_hours", value = 6, origin = "o" },
]
"""


def test_facts_are_loaded_once_and_traced_to_archived_bytes(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        added = facts.load_facts(ledger, tmp_path, run_id="one", at=AT)
        assert added == ledger.query("FROM current_observations").height > 200
        assert facts.load_facts(ledger, tmp_path, run_id="two", at=AT) == 0
        (row,) = ledger.query("FROM captures").to_dicts()
    assert row["capture_id"] == hashlib.sha256(facts_file()).hexdigest()
    (capture,) = read_archive(tmp_path / row["warc_file"], tmp_path).captures
    assert capture.body == facts_file()


def test_changed_facts_replace_the_former_ones_in_the_views_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        facts.load_facts(ledger, tmp_path, run_id="one", at=AT)
        before = ledger.query("FROM observations").height
        monkeypatch.setattr(facts, "facts_file", lambda: MORE)
        assert facts.load_facts(ledger, tmp_path, run_id="two", at=AT) == 1
        assert ledger.query("FROM current_observations").height == 1
        assert ledger.query("FROM observations").height == before + 1


def test_the_timeline_of_free_tiers_begins_with_the_facts(demo_home: Path) -> None:
    with read_warehouse(FileStorage(demo_home)) as connection:
        changes = connection.sql(
            "SELECT changed_as_stated, before, after FROM free_tier_changes "
            "WHERE provider = 'paperspace' AND tier = 'Free' AND term = 'session_hours'"
        ).fetchall()
        earliest = connection.sql("SELECT min(stated_at)::DATE::VARCHAR FROM free_tier_history").fetchone()
        sources = connection.sql("SELECT source FROM freshness").fetchall()
    assert changes == [("2026-09-20", "6 hours", "12 hours")]
    assert earliest == ("2017-02-19",)
    assert ("history:facts",) not in sources
