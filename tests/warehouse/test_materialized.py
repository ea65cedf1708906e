"""The cache of closed days: always the rows that the views would give, and written once."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from tests.warehouse.test_views import FIRST, offer, scraped
from warehouse import materialized
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage
from warehouse.views import views

NIGHTS = 24
# A source that is read every night, a market that is read twice a day, and one that is away for a week.
HOURS = {"cloud": (3,), "market": (3, 15), "away": (3,)}
MATERIALIZED = ("current_scrapes", "price_hourly", "latest_offers")


@pytest.fixture(autouse=True)
def short_periods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(materialized, "PERIOD_ROWS", 60)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in which offers come, go and come back, prices move or are missing, and nights are missed."""
    home = tmp_path_factory.mktemp("once")
    draw = random.Random(5)
    with Ledger(FileStorage(home)) as ledger:
        records = []
        for night in range(NIGHTS):
            for provider, hours in HOURS.items():
                for hour in hours:
                    missed = draw.random() < 0.1 or (provider == "away" and 8 < night < 16)
                    if not missed:
                        records.append(drawn(provider, night, hour, draw))
        ledger.append_all(records)
    FileStorage(home).publish()
    return home


@pytest.fixture
def home(once: Path, tmp_path: Path) -> Path:
    return shutil.copytree(once, tmp_path / "home")


def some_offers(provider: str, draw: random.Random) -> Iterator[dict[str, Any]]:
    for place in range(9):
        if draw.random() < 0.3:
            continue
        price = None if draw.random() < 0.1 else draw.choice((1.0, 1.5, 2.0))
        is_market = provider == "market"
        yield offer(
            price,
            key=f"{place}",
            gpus=1 + place % 3,
            gpu_model=("H100", "A100")[place % 2],
            gpu_form_factor=("SXM", None)[place % 2],
            pricing_model=("on_demand", "spot")[place % 2],
            machine_id=f"m{place // 2}" if is_market else None,
            gpus_total=8 if is_market else None,
            gpus_available=draw.randint(0, 8) if is_market else None,
            availability=draw.choice(("available", "unavailable")) if is_market else "unknown",
        )


def drawn(provider: str, night: int, hour: int, draw: random.Random, *, again: bool = False) -> ScrapeRecord:
    offers = list(some_offers(provider, draw))
    return scraped(night, "offers", offers, hour=hour, provider=provider, again=again)


def add(home: Path, record: ScrapeRecord) -> None:
    with Ledger(FileStorage(home)) as ledger:
        ledger.append(record)
    FileStorage(home).publish()


def answers(home: Path, *, cached: bool) -> dict[str, pl.DataFrame]:
    """What every view says, by its name."""
    ways: dict[str, Any] = {"materialized": MATERIALIZED, "cache": home / "cache"} if cached else {}
    with read_warehouse(FileStorage(home), **ways) as connection:
        return {view: connection.sql(f"FROM {view} ORDER BY ALL").pl() for view in views()}


def differing(home: Path) -> list[str]:
    """Views whose rows differ with the cache and without."""
    plain, cached = answers(home, cached=False), answers(home, cached=True)
    return [view for view in views() if not cached[view].equals(plain[view])]


def written(home: Path) -> dict[str, int]:
    """The periods that are cached, and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in sorted((home / "cache").iterdir())}


def test_views_say_what_they_say_without_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A period a day.
    monkeypatch.setattr(materialized, "PERIOD_ROWS", 1)
    assert differing(home) == []
    before = written(home)
    assert len(before) > 3
    add(home, drawn("cloud", NIGHTS, 3, random.Random(1)))
    assert differing(home) == []
    assert written(home) | before == written(home)


def test_a_correction_is_seen_and_all_that_follows_is_written_anew(home: Path) -> None:
    answers(home, cached=True)
    before = list(written(home))
    add(home, drawn("market", 9, 15, random.Random(2), again=True))
    assert differing(home) == []
    corrected = f"{FIRST + timedelta(days=10):%Y-%m-%d}"
    same = [name for name in before if name < corrected]
    assert 0 < len(same) < len(before)
    assert [name for name in written(home) if name in before] == same


def test_a_snapshot_that_comes_late_is_seen(home: Path) -> None:
    answers(home, cached=True)
    add(home, drawn("away", 12, 4, random.Random(3)))
    assert differing(home) == []


def test_what_is_damaged_or_gone_is_written_anew_and_strays_go(home: Path) -> None:
    answers(home, cached=True)
    first, second, third, *_ = before = list(written(home))
    cut = home / "cache" / second / "last_seen.parquet"
    cut.write_bytes(cut.read_bytes()[:-9])
    (home / "cache" / third / "price_changes.parquet").unlink()
    (home / "cache" / ".half.1").mkdir()
    (home / "cache" / "stray").write_text("")
    when = written(home)[first]
    assert differing(home) == []
    assert list(written(home)) == before
    assert written(home)[first] == when


def test_the_cache_of_an_earlier_version_is_taken_over(home: Path) -> None:
    answers(home, cached=True)
    before = written(home)
    assert before
    (home / "cache").rename(home / "settled")
    assert materialized.cache_folder(home) == home / "cache"
    assert not (home / "settled").exists()
    assert differing(home) == []
    assert written(home) == before
    # Beside the new one it is of no use.
    (home / "settled" / "2026-01-01-0123456789abcdef").mkdir(parents=True)
    materialized.cache_folder(home)
    assert not (home / "settled").exists()
    assert written(home) == before


def test_a_short_ledger_has_no_cache(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(materialized, "PERIOD_ROWS", 1_000_000)
    assert differing(home) == []
    assert not (home / "cache").exists()


def test_a_reader_with_it_still_reads_no_other_file(home: Path) -> None:
    other = home / "other.parquet"
    pl.DataFrame({"secret": [1]}).write_parquet(other)
    with (
        read_warehouse(FileStorage(home), materialized=MATERIALIZED, cache=home / "cache") as connection,
        pytest.raises(duckdb.PermissionException),
    ):
        connection.execute(f"FROM read_parquet('{other}')")
