"""The header of a view's file is all that a new view needs, and a wrong one is refused with its line."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

import warehouse.views
from reports import build, downloads
from tests.warehouse.test_views import FIRST, offer, store
from warehouse import materialized
from warehouse.ledger import Ledger
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage
from warehouse.views import ViewRefused, views

DAYS = 12
# Its name comes first and what it reads comes later; a word of a comment, a string or a column is not read.
NEW = """\
-- description: The lowest price of an H100 by day, over all providers.
-- cache: days by day
-- report: computed once
-- download: last year by day
--
-- Unlike cheapest_now it has every day.
CREATE OR REPLACE VIEW a_floor AS
WITH floor AS (
    SELECT day, gpu_model, min(lowest) AS floor, 'volatility' AS freshness
    FROM price_daily
    GROUP BY ALL
)
SELECT * EXCLUDE (freshness), day AS latest_offers FROM floor WHERE gpu_model = 'H100';
COMMENT ON COLUMN a_floor.day IS 'UTC day.';
COMMENT ON COLUMN a_floor.floor IS 'The lowest price of the day. [USD per GPU-hour]';
COMMENT ON COLUMN a_floor.latest_offers IS 'The day again.';
"""
STATEMENT = "CREATE OR REPLACE VIEW v AS\nSELECT slot FROM offers;\n"
SENTENCE = "-- description: A sentence.\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder of views, from which views are read."""
    copy = tmp_path / "views"
    shipped = warehouse.views.FOLDER
    shutil.copytree(shipped, copy, ignore=lambda _, names: [name for name in names if name[-4:] != ".sql"])
    monkeypatch.setattr(warehouse.views, "FOLDER", copy)
    return copy


@pytest.fixture
def storage(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileStorage:
    """A published ledger with a view more, long enough to have closed days."""
    (folder / "a_floor.sql").write_text(NEW, encoding="utf-8")
    monkeypatch.setattr(materialized, "PERIOD_ROWS", 4)
    found = FileStorage(tmp_path / "home")
    with Ledger(found) as ledger:
        store(ledger, -500, "offers", [offer(9.0)])
        for day in range(DAYS):
            store(ledger, day, "offers", [offer(2.0 + day % 3, key="a"), offer(2.5, key="b")])
    found.publish()
    return found


def test_a_new_view_is_made_with_its_comments(storage: FileStorage) -> None:
    with read_warehouse(storage) as connection:
        rows = connection.sql("SELECT count(*), min(floor), max(floor) FROM a_floor").fetchall()
        comments = dict(
            connection.sql(
                "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'a_floor'"
            ).fetchall()
        )
        said = connection.sql("SELECT comment FROM duckdb_views() WHERE view_name = 'a_floor'").fetchall()
    assert rows == [(DAYS + 1, 2.0, 9.0)]
    assert said == [("The lowest price of an H100 by day, over all providers.",)]
    assert comments["floor"] == "The lowest price of the day. [USD per GPU-hour]"
    assert "Canonical GPU model" in comments["gpu_model"]


def test_a_new_view_is_on_the_data_page_and_downloaded_in_its_window(
    storage: FileStorage, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    build.build(storage, site, as_of=FIRST + timedelta(days=DAYS))
    package = json.loads((site / "downloads" / "datapackage.json").read_text(encoding="utf-8"))
    (described,) = [found for found in package["resources"] if found["path"] == "a_floor.parquet"]
    assert described["description"] == (
        "The lowest price of an H100 by day, over all providers. The last year."
    )
    assert pl.read_parquet(site / "downloads" / "a_floor.parquet").height == DAYS
    page = (site / "data.html").read_text(encoding="utf-8")
    assert 'href="downloads/a_floor.csv"' in page
    assert page.count("The lowest price of an H100 by day, over all providers.") == 1
    assert "The day again." in page


def test_a_new_view_is_cached_and_says_the_same(storage: FileStorage, tmp_path: Path) -> None:
    asked = "FROM a_floor ORDER BY ALL"
    assert "a_floor" in build.computed_once()
    with read_warehouse(storage) as connection:
        plain = connection.sql(asked).fetchall()
    with read_warehouse(storage, materialized=["a_floor"], cache=tmp_path / "cache") as connection:
        assert connection.sql(asked).fetchall() == plain
    written = list((tmp_path / "cache").glob("*/a_floor.parquet"))
    assert sum(pl.read_parquet(path).height for path in written) > 1


def test_a_view_comes_after_what_it_reads(storage: FileStorage) -> None:
    names = list(views())
    for name, view in views().items():
        read = view.reads & views().keys()
        assert all(names.index(other) < names.index(name) for other in read)
    assert views()["a_floor"].reads & views().keys() == {"price_daily"}
    assert {"current_offers", "valid_scrapes", "offers"} <= views()["a_floor"].depends_on


def test_a_header_names_columns_of_its_view(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        for name, view in views().items():
            columns = ledger.query(f"FROM {name} LIMIT 0").columns
            named = {view.header.cached_by, view.header.last_year_by, *view.header.own_columns} - {""}
            assert named <= set(columns), name


def test_what_is_offered_and_what_is_cached_is_what_the_files_say() -> None:
    offered = {view.name for view in downloads.downloadable()}
    texts = {name: (warehouse.views.FOLDER / f"{name}.sql").read_text(encoding="utf-8") for name in views()}
    assert offered == {name for name, text in texts.items() if "\n-- download: " in text} != set()
    assert build.computed_once() == {name for name, text in texts.items() if "\n-- report: " in text} != set()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "the header has no `-- description: ...`"),
        (STATEMENT, 1, "the header has no `-- description: ...`"),
        (f"-- download: all\n{STATEMENT}", 2, "the header has no `-- description: ...`"),
        (f"-- description: No stop\n{STATEMENT}", 1, "'No stop' is not a value of 'description'"),
        (f"{SENTENCE}-- cached: newest\n{STATEMENT}", 2, "'cached' is not a key of a header"),
        (f"{SENTENCE}-- cache: daily\n{STATEMENT}", 2, "write `days by COLUMN` or `newest`"),
        (f"{SENTENCE}-- download: yes\n{STATEMENT}", 2, "write `all` or `last year by COLUMN`"),
        (f"{SENTENCE}-- report: once\n{STATEMENT}", 2, "write `computed once`"),
        (f"{SENTENCE}-- download: all\n-- download: all\n{STATEMENT}", 3, "'download' is given twice"),
        (f"{SENTENCE}--download: all\n{STATEMENT}", 2, "the header ends here"),
        (f"{SENTENCE}-- Why it is so.\n{STATEMENT}", 2, "the header ends here"),
        (f"{SENTENCE}--\n-- Why.\n", 3, "the file has no `CREATE OR REPLACE VIEW v AS`"),
        (f"{SENTENCE}{STATEMENT.replace(' v ', ' w ')}", 2, "must begin with `CREATE OR REPLACE VIEW v AS`"),
        (f"{SENTENCE}{STATEMENT}COMMENT ON VIEW v IS 'x';\n", 4, "remove `COMMENT ON VIEW`"),
        (f"{SENTENCE}{STATEMENT}COMMENT ON COLUMN w.slot IS 'x';\n", 4, "w.slot is not a column of v"),
        (f"{SENTENCE}{STATEMENT.replace('FROM', 'FROM FROM')}", 3, "syntax error"),
        (
            f"{SENTENCE}-- cache: newest\n{STATEMENT.replace('offers', 'terms')}",
            2,
            "only a view of offers can be cached",
        ),
    ],
)
def test_a_wrong_header_is_refused_with_its_line(folder: Path, text: str, line: int, said: str) -> None:
    (folder / "v.sql").write_text(text, encoding="utf-8")
    with pytest.raises(ViewRefused) as refusal:
        views()
    assert refusal.value.message.startswith(f"warehouse/views/v.sql:{line}: ")
    assert said in refusal.value.message


def test_views_that_read_each_other_are_refused(folder: Path) -> None:
    for name, other in (("v", "w"), ("w", "v")):
        text = f"{SENTENCE}CREATE OR REPLACE VIEW {name} AS\nFROM {other};\n"
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    with pytest.raises(ViewRefused, match=r"views read each other in a circle: [vw] reads [vw] reads [vw]$"):
        views()
