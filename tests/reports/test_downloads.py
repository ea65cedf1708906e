"""Downloads and the feed: whole, described, harmless in a spreadsheet and in a reader."""

from __future__ import annotations

import hashlib
import json
import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from reports import downloads
from reports.feed import feed
from tests.warehouse.test_views import FIRST, offer, store
from warehouse.ledger import Ledger
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage

ATOM = "{http://www.w3.org/2005/Atom}"


def test_every_view_is_there_twice_as_the_package_says(demo_home: Path, demo_site: Path) -> None:
    folder = demo_site / "downloads"
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert {path.name for path in folder.iterdir()} == {
        "datapackage.json",
        *(resource["path"] for resource in package["resources"]),
    }
    with read_warehouse(FileStorage(demo_home)) as connection:
        for resource in package["resources"]:
            body = (folder / resource["path"]).read_bytes()
            assert resource["hash"] == f"sha256:{hashlib.sha256(body).hexdigest()}"
            read = (
                pl.read_parquet
                if resource["format"] == "parquet"
                else partial(pl.read_csv, infer_schema=False)
            )
            frame = read(folder / resource["path"])
            assert frame.columns == [field["name"] for field in resource["schema"]["fields"]]
            rows = connection.sql(f"SELECT count(*) FROM {resource['title']}").fetchall()
            assert [(frame.height,)] == rows, resource["path"]


def test_what_no_spreadsheet_holds_comes_as_parquet_alone(
    demo_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "_MOST_ROWS_OF_A_SHEET", 1_000)
    with read_warehouse(FileStorage(demo_home)) as connection:
        written = downloads.write(
            connection, tmp_path / "downloads", as_of=datetime(2026, 11, 19, tzinfo=UTC)
        )
        rows = {
            view.name: connection.sql(f"SELECT count(*) FROM {view.name}").fetchall()[0][0]
            for view in downloads.downloadable()
        }
    sheets = {path.stem for path in written if path.suffix == ".csv"}
    assert sheets == {name for name, count in rows.items() if count <= 1_000}
    assert 0 < len(sheets) < len(rows)
    assert {path.name for path in (tmp_path / "downloads").iterdir()} == {path.name for path in written}


def test_rows_of_single_machines_and_offers_are_of_the_last_year(tmp_path: Path) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        for day, price in ((-600, 3.0), (-300, 2.0), (0, 1.0)):
            store(ledger, day, "offers", [offer(price, machine_id="m")])
    with read_warehouse(FileStorage(tmp_path).publish()) as connection:
        downloads.write(connection, tmp_path, as_of=FIRST)
        for view in downloads.downloadable():
            ((rows,),) = connection.sql(f"SELECT count(*) FROM {view.name}").fetchall()
            written = pl.read_parquet(tmp_path / f"{view.name}.parquet")
            if view.header.last_year_by:
                assert min(written["slot"]) == FIRST - timedelta(days=300)
                assert rows == written.height + (view.name == "market_machines")
            else:
                assert written.height == rows
    package = json.loads((tmp_path / "datapackage.json").read_text(encoding="utf-8"))
    short = {found["title"] for found in package["resources"] if "The last year." in found["description"]}
    assert short == {"market_machines", "price_changes"}


def test_a_cell_that_a_spreadsheet_would_run_is_made_text() -> None:
    hidden = [" =1", "\u00a0=1", "\u3000＝1", " \t@x", "  a = b"]
    names = ["=1+1", "+1", "-1", "@x", "\tx", *hidden, "fine", None]
    frame = pl.DataFrame({"name": names, "price": [-1.0] * len(names)})
    safe = downloads.harmless(frame)
    made_text = [f"'{name}" for name in names[:9] if name]
    assert safe["name"].to_list() == [*made_text, "  a = b", "fine", None]
    assert safe["price"].to_list() == [-1.0] * len(names)
    assert downloads.harmless(frame, {"name"})["name"].to_list() == names


def test_the_feed_is_atom_and_tells_of_what_was_planted(demo_site: Path) -> None:
    root = ET.parse(demo_site / "feed.xml").getroot()
    assert root.tag == f"{ATOM}feed"
    entries = root.findall(f"{ATOM}entry")
    for element in (root, *entries):
        for name in ("id", "title", "updated"):
            assert element.findtext(ATOM + name), name
    identities = [entry.findtext(f"{ATOM}id") or "" for entry in entries]
    assert len(set(identities)) == len(identities)
    assert all(identity.startswith("urn:uuid:") for identity in identities)
    moments = [entry.findtext(f"{ATOM}updated") or "" for entry in entries]
    assert moments == sorted(moments, reverse=True)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment) for moment in moments)
    told = {entry.findtext(f"{ATOM}title"): entry.findtext(f"{ATOM}summary") or "" for entry in entries}
    assert "was 20 hours, is 15 hours" in told["free tier: kaggle, Free TPU: weekly_tpu_hours"]
    assert "fell" in told["price: lambda_cloud, B200 SXM"]
    assert "not live prices" in told["incident: aws, aws.spot"]


def test_hostile_words_stay_words_and_an_empty_ledger_has_a_feed(tmp_path: Path) -> None:
    at = datetime(2026, 11, 20, 3, tzinfo=UTC)
    with Ledger(FileStorage(tmp_path)) as ledger:
        row = {
            "run_id": "r",
            "provider": "p",
            "source": "p.s",
            "slot": at,
            "kind": "fetch_failed",
            "severity": "error",
            "summary": "<script>alert(1)</script> ]]> \x00\x1b[31m &",
            "evidence": "{}",
        }
        empty = feed(ledger._connection, as_of=at, note=None)
        ledger.append_rows("incidents", [row])
        text = feed(ledger._connection, as_of=at, note=None)
    assert ET.fromstring(empty).findall(f"{ATOM}entry") == []
    summary = ET.fromstring(text).findtext(f"{ATOM}entry/{ATOM}summary")
    assert summary == r"<script>alert(1)</script> ]]> \x00\x1b[31m &"
