"""The site: honest when there is nothing, inert whatever a source says, the same for the same ledger."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from flows.runtime.run import RunSummary
from reports import build
from reports.tables import dollars, web_link
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.schema import BY_NAME
from warehouse.storage import FileStorage, Storage

SLOT = datetime(2026, 11, 20, 3, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"


def term(slot: datetime, run_id: str, value: str) -> pl.DataFrame:
    row = {
        "observed_at": slot,
        "slot": slot,
        "run_id": run_id,
        "provider": "p",
        "source": "p.s",
        "capture_id": "c",
        "parser_version": "v",
        "tier": HOSTILE,
        "term": "gpu_models",
        "value_text": value,
        "state": "present",
        "quote": f"{HOSTILE} {value}",
        "source_url": "javascript:alert(1)",
    }
    return pl.DataFrame([row], schema=BY_NAME["terms"].polars())


def scrape(slot: datetime, run_id: str) -> dict[str, object]:
    return {
        "run_id": run_id,
        "provider": "p",
        "source": "p.s",
        "slot": slot,
        "started_at": slot,
        "finished_at": slot,
        "status": "ok",
        "error": None,
        "rows_parsed": 1,
        "rows_accepted": 1,
        "rows_quarantined": 0,
        "capture_ids": ["c"],
        "robots": "absent",
        "parser_version": "v",
    }


@pytest.fixture
def hostile(tmp_path: Path) -> Storage:
    """A warehouse whose words are an attack, with one change of a term."""
    with Ledger(FileStorage(tmp_path)) as ledger:
        for day, value in ((18, "T4, P100"), (19, "T4")):
            slot = SLOT.replace(day=day)
            ledger.append(ScrapeRecord(scrape(slot, f"r{day}"), {"terms": term(slot, f"r{day}", value)}))
    return FileStorage(tmp_path).publish()


def pages(warehouse: Storage, out: Path) -> dict[str, str]:
    built = build.build(warehouse, out, as_of=SLOT)
    return {path.name: path.read_text(encoding="utf-8") for path in built}


def test_an_empty_ledger_has_honest_pages(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)):
        pass
    found = pages(FileStorage(tmp_path).publish(), tmp_path / "site")
    assert "No offer has been stored yet" in found["index.html"]
    assert "No spot price has been stored yet" in found["volatility.html"]


def test_what_a_source_says_is_shown_and_never_run(hostile: Path, tmp_path: Path) -> None:
    built = pages(hostile, tmp_path / "site")
    assert "&lt;script&gt;alert" in "".join(built.values())
    for text in built.values():
        assert "<script>alert" not in text
        assert 'href="javascript:' not in text


def test_a_change_of_a_free_tier_stands_with_before_and_after(hostile: Path, tmp_path: Path) -> None:
    text = pages(hostile, tmp_path / "site")["free-tiers.html"]
    assert "<del>T4, P100</del> → <ins>T4</ins>" in text


def test_the_same_ledger_gives_the_same_bytes(hostile: Path, tmp_path: Path) -> None:
    assert pages(hostile, tmp_path / "one") == pages(hostile, tmp_path / "two")


def test_simulated_prices_say_so_on_every_page_and_real_ones_do_not(hostile: Path, tmp_path: Path) -> None:
    real = pages(hostile, tmp_path / "real")
    for text in real.values():
        assert build.SIMULATED not in text
    with Ledger(FileStorage(tmp_path)) as ledger:
        ledger.append_run(RunSummary("r", "nightly", "simulated", SLOT).row())
    simulated = pages(FileStorage(tmp_path).publish(), tmp_path / "simulated")
    for text in simulated.values():
        assert build.SIMULATED in text
    assert real.keys() == simulated.keys() >= {"index.html", "quality.html"}


@pytest.mark.parametrize(("price", "shown"), [(0.0731, "$0.0731"), (1.953, "$1.95"), (1234.5, "$1,234.50")])
def test_prices_have_the_digits_they_need(price: float, shown: str) -> None:
    assert dollars(price) == shown


def test_only_addresses_of_the_web_are_linked() -> None:
    assert web_link("https://example.com/a") == "https://example.com/a"
    assert web_link("javascript:alert(1)") == ""
    assert web_link(None) == ""


def test_what_is_free_stands_side_by_side_with_its_date_and_its_evidence(demo_site: Path) -> None:
    text = (demo_site / "providers.html").read_text(encoding="utf-8")
    row = re.search(r"<tr><td>Kaggle</td><td>Free</td>.*?</tr>", text)
    assert row is not None
    cell = '<a href="https://www.kaggle.com/docs/notebooks" rel="noopener noreferrer">12 hours</a>'
    assert f"{cell} <small>2026-11-19</small>" in row[0]
    assert 'href="https://github.com/fastai/course-v3/issues/367"' in text
