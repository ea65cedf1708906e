"""What is archived or stored is read back as it was, whatever it holds."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapers.archive.exchange import Exchange, media_type_of
from scrapers.archive.writer import ArchiveWriter, FetchOutcome, read_archive
from warehouse.ledger import Ledger
from warehouse.schema import TABLES, Column, Table
from warehouse.storage import FileStorage

SLOT = datetime(2026, 11, 19, 3, tzinfo=UTC)
# Any text that UTF-8 can hold, control characters and marks of direction included.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
FETCHED = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 30), timezones=st.just(UTC))
# What HTTP lets into a header: no ends of lines, no other controls.
HEADER = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40).map(str.strip)
ASKED = st.none() | st.dictionaries(TEXT, st.none() | st.booleans() | st.integers() | TEXT, max_size=4)
EXCHANGES = st.builds(
    Exchange,
    url=st.builds("https://acme.example/{}?q={}".format, HEADER, HEADER),
    at=FETCHED,
    body=st.binary(max_size=4000),
    headers=st.lists(st.tuples(st.sampled_from(["Content-Type", "X-Said", "Server"]), HEADER), max_size=4),
    status=st.sampled_from([200, 204, 301, 404, 429, 500, 599]),
    label=HEADER,
    request_body=ASKED.map(lambda asked: b"" if asked is None else json.dumps(asked).encode()),
)
PACKED: dict[str, Callable[[bytes], bytes]] = {"": bytes, "gzip": gzip.compress}


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("archives")


@settings(settings.get_profile("fuzz"))
@given(st.lists(st.tuples(EXCHANGES, st.sampled_from(sorted(PACKED))), min_size=1, max_size=4), TEXT)
def test_an_archive_gives_back_what_was_put_into_it(
    archives: Path, exchanges: list[tuple[Exchange, str]], error: str
) -> None:
    name = f"{uuid4().hex}.warc.gz"
    outcome = FetchOutcome("acme.prices", SLOT, SLOT, SLOT, ok=False, errors=(error,))
    writer = ArchiveWriter(archives / name, source="acme.prices", slot=SLOT)
    try:
        written = [writer.write(_packed(exchange, coding)) for exchange, coding in exchanges]
    finally:
        path = writer.seal(outcome)
    archive = read_archive(path, archives)
    assert archive.outcome == outcome
    assert archive.captures == [replace(capture, warc_file=name) for capture in written]
    for capture, (exchange, _) in zip(archive.captures, exchanges, strict=True):
        assert (capture.body, capture.http_status) == (exchange.body, exchange.status)
        assert capture.fetched_at == exchange.at
        assert capture.asked == (json.loads(exchange.request_body) if exchange.request_body else None)
        said = next((value for name, value in exchange.headers if name == "Content-Type"), None)
        assert capture.media_type == media_type_of(said)


def _packed(exchange: Exchange, coding: str) -> Exchange:
    coded = [*exchange.headers, *([("Content-Encoding", coding)] if coding else [])]
    return replace(exchange, body=PACKED[coding](exchange.body), headers=coded)


def values(column: Column) -> st.SearchStrategy[Any]:
    """Every value that a column's kind can hold, the extremes of it among them."""
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "text": TEXT,
        "json": st.dictionaries(TEXT, TEXT, max_size=3).map(json.dumps),
        "text_list": st.lists(TEXT, max_size=3),
        "integer": st.integers(-(2**63), 2**63 - 1),
        "number": st.floats(),
        "flag": st.booleans(),
        "timestamp": MOMENTS,
        "date": st.dates(),
    }
    drawn = st.sampled_from(column.allowed) if column.allowed else kinds[column.kind]
    return drawn if column.required else st.none() | drawn


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ledger")


# The ledger itself writes its versions down when it is opened.
PUT = [table for table in TABLES if table.name != "schema_versions"]


@pytest.mark.parametrize("table", PUT, ids=lambda table: table.name)
def test_a_ledger_gives_back_what_was_put_into_it(home: Path, table: Table) -> None:
    row = st.fixed_dictionaries({column.name: values(column) for column in table.columns})
    put: list[dict[str, Any]] = []
    with Ledger(FileStorage(home)) as ledger:

        @settings(settings.get_profile("fuzz"))
        @given(st.lists(row, min_size=1, max_size=3))
        def stored(rows: list[dict[str, Any]]) -> None:
            ledger.append_rows(table.name, rows)
            put.extend(rows)

        stored()
        schema = table.polars()
        # Rows have no order in a table but that of their writing, which a scan of one thread keeps.
        held = ledger.query(f"SELECT {', '.join(schema)} FROM {table.name} ORDER BY rowid")
    assert held.cast(dict(schema)).equals(pl.DataFrame(put, schema=schema))
    assert held.height >= 20
