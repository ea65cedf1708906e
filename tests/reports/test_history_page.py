"""Imported histories on the site: on their own page with whose they are, and nowhere else."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.history.importer import ImportRequest, import_history
from reports import build
from scrapers.history.mappings import parsed
from warehouse.data_folder import LEDGER_FILE
from warehouse.ledger import Ledger
from warehouse.queries import load_query
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage
from warehouse.views import views

ORIGIN = b"""
[origin]
title = "Prices <of> others"
publisher = "O. Thers & Co"
licence = "CC BY 4.0"
licence_url = "https://creativecommons.org/licenses/by/4.0/"
attribution = "Prices by O. Thers, CC BY 4.0."
url = "https://example.com/others"
obtain = "ask"
rows_are = "snapshots"
note = "By hand."

[time]
columns = ["day"]
cadence = "daily"
"""
OFFERS = (
    ORIGIN
    + b"""
[[rows]]
table = "offers"
key = ["machine"]
gpu = { name = "gpu", count = { constant = "1" } }

[rows.columns]
provider = "who"
instance_type = "machine"
machine_id = "machine"
region = { constant = "us-east-1" }
availability = { constant = "available" }
gpus_available = { constant = "1" }
gpus_total = { constant = "8" }

[[rows.prices]]
column = "usd"
per = "gpu"
pricing_model = { column = "sold" }
currency = "USD"
blank = "missing"
"""
)
FACTS = (
    ORIGIN
    + b"""
[[rows]]
table = "observations"

[rows.columns]
provider = "who"
subject = { constant = "Free" }
term = { constant = "session_hours" }
value_number = "usd"
unit = { constant = "hours" }
"""
)
STATISTICS = (
    ORIGIN
    + b"""
[[rows]]
table = "price_statistics"
key = ["machine"]
gpu = { name = "gpu" }

[rows.columns]
provider = "who"
pricing_model = "sold"
lowest = "usd"
p50 = "usd"
"""
)


def long_run(path: Path, last: datetime, days: int = 400) -> Path:
    """Prices of GPUs that our own sources have too, far under theirs, until a month after our newest slot."""
    lines = ["day,who,machine,gpu,sold,usd"]
    for day in range(days):
        when = (last + timedelta(days=30 - day)).date()
        for who, sold in (("vast_ai", "interruptible"), ("aws", "on_demand"), ("azure", "spot")):
            price = 0.01 if day < days // 2 else 0.02
            lines += [f"{when},{who},{sold}-{gpu},{gpu},{sold},{price}" for gpu in ("RTX 4090", "H100 SXM")]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def imported(ledger: Ledger, path: Path) -> None:
    for name, text in (("offers_of_others", OFFERS), ("facts_of_others", FACTS), ("statistics", STATISTICS)):
        import_history(ImportRequest(ledger.storage.home, path, parsed(name, text)), ledger)


def own_views(home: Path) -> dict[str, pl.DataFrame]:
    """The rows of our own in every view but those of histories."""
    with read_warehouse(FileStorage(home)) as connection:
        names = [view for view in views() if not view.startswith("history_")]
        found = {view: connection.execute(f"FROM {view} ORDER BY ALL").pl() for view in names}
    # The one view of every scrape, that says which are whose.
    return {**found, "valid_scrapes": found["valid_scrapes"].filter(pl.col("origin") != "imported")}


def queries() -> Iterator[tuple[str, str]]:
    """Every query of the site, the cookbook and the flows, but those about histories."""
    for package in ("reports.queries", "reports.cookbook", "flows.queries"):
        for file in resources.files(package).iterdir():
            name = file.name.removesuffix(".sql")
            if file.name.endswith(".sql") and not name.startswith(("history_", "imported_")):
                yield f"{package}.{name}", load_query(name, package)


@pytest.fixture(scope="module")
def home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The demo's ledger as if it were real, which imports ask for."""
    home = tmp_path_factory.mktemp("mixed")
    shutil.copyfile(demo_home / LEDGER_FILE, home / LEDGER_FILE)
    with Ledger(FileStorage(home)) as ledger:
        ledger._connection.execute("UPDATE runs SET origin = 'recorded'")
    FileStorage(home).publish()
    return home


def test_an_import_changes_no_view_of_our_own(home: Path, tmp_path: Path) -> None:
    before = own_views(home)
    newest = before["freshness"]["last_slot"].max()
    assert isinstance(newest, datetime)
    with Ledger(FileStorage(home)) as ledger:
        imported(ledger, long_run(tmp_path / "long.csv", newest))
        for table, rows in (("offers", 2400), ("statistics", 2400), ("observations", 400)):
            assert ledger.query(f"SELECT count(*) FROM history_{table}").item() >= rows
    FileStorage(home).publish()
    after = own_views(home)
    # Sums of floats come in any order, and so differ in their last digits.
    for name, frame in before.items():
        assert_frame_equal(frame, after[name], rel_tol=1e-9)
    assert before["cheapest_now"].height > 0


# What has rows of imports: whoever reads one, and no view of our own, says that histories are not meant.
WRITTEN = {
    "valid_scrapes",
    "offers",
    "observations",
    "price_statistics",
    "scrapes",
    "quarantine",
    "findings",
    "origins",
}
READS = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_]+)")
# What settles slots asks by source; what refuses a mixture asks whether there is an import, and the clock
# when anything ended; the doctor counts
# every row that anything has stored.
MEANT = {
    "flows.queries.facts_loaded",
    "flows.queries.wrong_counts",
    "flows.queries.newest_end",
    "flows.queries.origins",
    "flows.queries.current_observations",
    "flows.queries.duplicates",
}


@pytest.mark.parametrize(("name", "text"), list(queries()), ids=[name for name, _ in queries()])
def test_a_query_reads_views_or_says_that_histories_are_not_meant(name: str, text: str) -> None:
    if WRITTEN & set(READS.findall(text)) and name not in MEANT:
        assert "origin = 'snapshot'" in text


def points(node: Any) -> Iterator[dict[str, Any]]:
    """The points of a chart's specification, wherever it keeps them."""
    if isinstance(node, dict) and {"series", "day", "value"} <= node.keys():
        yield node
    elif isinstance(node, dict | list):
        for item in node.values() if isinstance(node, dict) else node:
            yield from points(item)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a ledger that holds nothing but imported histories."""
    folder = tmp_path_factory.mktemp("imported")
    with Ledger(FileStorage(folder)) as ledger:
        imported(ledger, long_run(folder / "long.csv", datetime(2024, 6, 1, tzinfo=UTC)))
    build.build(FileStorage(folder).publish(), folder / "site", as_of=datetime(2026, 11, 21, tzinfo=UTC))
    return folder / "site"


def test_the_page_says_whose_data_it_is_under_which_licence_and_how_much(built: Path) -> None:
    text = (built / "history.html").read_text(encoding="utf-8")
    assert "Prices &lt;of&gt; others" in text and "O. Thers &amp; Co" in text
    assert "Prices by O. Thers, CC BY 4.0." in text
    assert 'href="https://creativecommons.org/licenses/by/4.0/"' in text
    assert "2,400 rows of 400 moments, 2023-05-29 to 2024-07-01" in text
    assert "<h2>Steps</h2>" in text and "-50.0%" in text


def test_charts_hold_no_more_points_than_a_screen_shows(built: Path) -> None:
    text = (built / "history.html").read_text(encoding="utf-8")
    specifications = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text)
    assert len(specifications) == 2
    for specification in specifications:
        values = list(points(json.loads(specification.replace("<\\/", "</"))))
        by_series = {point["series"] for point in values}
        assert len(by_series) >= 3
        assert max(sum(point["series"] == name for point in values) for name in by_series) <= 201


def test_the_downloads_carry_the_attribution(built: Path) -> None:
    package = json.loads((built / "downloads" / "datapackage.json").read_text(encoding="utf-8"))
    told = {source["source"]: source for source in package["sources"]}
    source = told["history:offers_of_others"]
    assert (source["attribution"], source["path"]) == (
        "Prices by O. Thers, CC BY 4.0.",
        "https://example.com/others",
    )
    assert source["license"] == {
        "title": "CC BY 4.0",
        "path": "https://creativecommons.org/licenses/by/4.0/",
    }
    assert (source["rows"], source["first"], source["last"]) == (2400, "2023-05-29", "2024-07-01")
    daily = pl.read_parquet(built / "downloads" / "history_daily.parquet")
    assert set(daily["source"]) == {"history:offers_of_others", "history:statistics"}


def test_no_page_leads_to_one_that_is_not_there(built: Path) -> None:
    assert (built / "index.html").exists()
    for page in built.glob("*.html"):
        for target in re.findall(r'href="([^":#]+\.html)"', page.read_text(encoding="utf-8")):
            assert (built / target).exists(), f"{page.name} leads to {target}"


def test_the_prices_of_a_data_set_of_changes_stand_until_they_change(tmp_path: Path) -> None:
    text = OFFERS.replace(b'rows_are = "snapshots"', b'rows_are = "changes"').replace(
        b'blank = "missing"', b'blank = "unavailable"'
    )
    lines = [
        "day,who,machine,gpu,sold,usd",
        "2024-01-01,p,a,L4,on_demand,1",
        "2024-01-01,p,b,L4,on_demand,3",
        "2024-02-01,p,b,L4,on_demand,5",
        "2024-03-01,p,a,L4,on_demand,",
    ]
    path = tmp_path / "changes.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    with Ledger(FileStorage(tmp_path)) as ledger:
        import_history(ImportRequest(tmp_path, path, parsed("changes", text)), ledger)
        found = ledger.query(
            "SELECT day::VARCHAR, offers, lowest, p90 FROM history_daily ORDER BY day"
        ).rows()
    assert found == [
        ("2024-01-01", 2.0, 1.0, 3.0),
        ("2024-02-01", 2.0, 1.0, 5.0),
        ("2024-03-01", 1.0, 5.0, 5.0),
    ]
