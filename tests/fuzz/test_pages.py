"""Answers that were damaged, mistyped or meant badly: a page says that it is broken, or says what it refused.

Every source is read from a sound answer with a few things changed, judged as a night is, and stored. Nothing
but PageBroken is raised, no row is lost, and no value is stored that its column does not allow. The gate
judges by the compiler alone here: Great Expectations, which finds the same, takes half a second for it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import expectations.row_checks
from expectations.compiler import evaluate
from flows.operations.derivation import judged
from scrapers.archive.writer import Archive, FetchOutcome
from scrapers.formats import format_of
from scrapers.page import Capture, FetchRequest, PageBroken
from scrapers.parse import reading_of
from scrapers.registry import Source, providers
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.schema import BY_NAME, FACT_TABLES, Column
from warehouse.storage import FileStorage

SOURCES = [source for provider in providers().values() for source in provider.sources.values()]
SLOT = datetime(2026, 11, 19, 3, tzinfo=UTC)
Answers = Callable[[Source], tuple[Capture, ...]]
Change = tuple[str, int, int, Any]

HOSTILE = (
    "</script><script>alert(1)</script>",
    "'; DROP TABLE offers; --",
    "=cmd|' /C calc'!A0",
    "\x1b[2J\x00\x07\r\n",
    "../../../etc/passwd",
    "\u202e\u200b\ufeff",
    "\ud800",
    "x" * 20_000,
    "$-1", "$0", "-3.5", "NaN", "1e999", "9" * 400, "²", "٣", "N/A", "2026-13-45T99:99:99Z", "",
)  # fmt: skip
NUMBERS = (-1, 0, 1.5, -0.0, 2**63, 10**400, math.nan, math.inf, -math.inf, 1e-320, 1e308)
OTHERS = (None, True, False, [], {}, [[]], [None], {"a": {"b": []}})
JUNK = st.sampled_from([*HOSTILE, *NUMBERS, *OTHERS])
OPERATIONS = ("replace", "drop", "double", "rename", "swap", "wrap", "cut", "flip")
PLACES = st.integers(0, 1_000_000)
CHANGES = st.lists(st.tuples(st.sampled_from(OPERATIONS), PLACES, PLACES, JUNK), min_size=1, max_size=4)
TOKEN = re.compile(rb"<[^>]*>|\d[\d.,]*|[A-Za-z_]+|\s+|.", re.DOTALL)


def changed(body: bytes, media_type: str, changes: Sequence[Change], *, as_bytes: bool) -> bytes:
    """An answer with every change made to it: to its values where it is JSON, else to its words and tags."""
    if as_bytes:
        return _bytes(body, changes)
    if media_type == "application/json":
        return json.dumps(_value(json.loads(body), changes)).encode()
    return _text(body, changes)


def _bytes(body: bytes, changes: Sequence[Change]) -> bytes:
    for operation, place, other, junk in changes:
        at, to = sorted((place % (len(body) + 1), other % (len(body) + 1)))
        if operation == "cut":
            body = body[:to]
        elif operation == "drop":
            body = body[:at] + body[to:]
        elif operation == "double":
            body = body[:to] + body[at : at + 2000] + body[to:]
        elif operation == "flip" and body:
            body = body[: at - 1] + bytes([body[at - 1] ^ (1 << other % 8)]) + body[at:]
        else:
            body = body[:at] + str(junk).encode("utf-8", "surrogatepass") + body[at:]
    return body


def _text(body: bytes, changes: Sequence[Change]) -> bytes:
    tokens = TOKEN.findall(body)
    for operation, place, other, junk in changes:
        if not tokens:
            break
        at, to = place % len(tokens), other % len(tokens)
        if operation in {"drop", "cut"}:
            del tokens[at : at + 1 + other % 5]
        elif operation == "double":
            tokens[at:at] = tokens[to : to + 5]
        elif operation in {"swap", "flip"}:
            tokens[at], tokens[to] = tokens[to], tokens[at]
        else:
            # Words take the place of words, and figures that of figures.
            meant = [place for place, token in enumerate(tokens) if token[:1].isalnum()] or [at]
            tokens[meant[place % len(meant)]] = str(junk).encode("utf-8", "replace")
    return b"".join(tokens)


def _value(value: Any, changes: Sequence[Change]) -> Any:
    root = {"": deepcopy(value)}
    for operation, place, other, junk in changes:
        slots = list(_slots(root))
        holder, key = slots[place % len(slots)]
        elsewhere, there = slots[other % len(slots)]
        if operation == "drop" and key != "":
            del holder[key]
        elif operation == "double" and isinstance(holder, list):
            holder.insert(key, deepcopy(holder[key]))
        elif operation == "rename" and isinstance(holder, dict) and key != "":
            holder[str(junk)] = holder.pop(key)
        elif operation == "swap" and key != "" and there != "":
            holder[key], elsewhere[there] = deepcopy(elsewhere[there]), deepcopy(holder[key])
        elif operation == "wrap":
            holder[key] = [holder[key]] if other % 2 else {"value": holder[key]}
        elif operation == "flip" and isinstance(holder[key], int | float):
            holder[key] = -holder[key]
        elif operation == "cut":
            holder[key] = type(holder[key])() if isinstance(holder[key], list | dict | str) else None
        else:
            holder[key] = junk
    return root[""]


def _slots(value: Any) -> Any:
    """Every place in a value, as what holds it and its key there."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _slots(value[key])


def night(source: Source, captures: Sequence[Capture]) -> ScrapeRecord:
    outcome = FetchOutcome(source.id, SLOT, SLOT, SLOT, ok=True)
    archive = Archive(outcome, list(captures))
    reading = reading_of(source, archive, slot=SLOT, run_id="fuzz")
    (record,) = judged(source, {SLOT: reading}, {}, run_id="fuzz", partial=True)
    return record


def assert_honest(record: ScrapeRecord) -> None:
    """Every row has one of three fates, and what is stored is what its columns allow."""
    scrape = record.scrape
    accepted = {table: record.frames[table] for table in FACT_TABLES if table in record.frames}
    for table, frame in record.frames.items():
        assert frame.schema == BY_NAME[table].polars()
    if scrape["status"] == "failed":
        assert scrape["error"]
        assert record.frames["incidents"].height
        assert not accepted
        return
    assert scrape["rows_accepted"] + scrape["rows_quarantined"] == scrape["rows_parsed"] > 0
    assert (record.frames["quarantine"]["reason"].str.len_chars() > 0).all()
    for table, frame in accepted.items():
        for column in BY_NAME[table].columns:
            assert_allowed(column, frame[column.name])


def assert_allowed(column: Column, values: pl.Series) -> None:
    assert not (column.required and values.null_count()), column.name
    given = values.drop_nulls()
    if column.allowed:
        assert set(given) <= set(column.allowed), column.name
    if column.kind in {"number", "integer"}:
        low = column.above if column.above is not None else column.at_least
        assert given.is_finite().all() if column.kind == "number" else True, column.name
        if low is not None:
            assert (given > low).all() if column.above is not None else (given >= low).all(), column.name
        if column.at_most is not None:
            assert (given <= column.at_most).all(), column.name


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Ledger(FileStorage(tmp_path_factory.mktemp("fuzz"))) as ledger:
        yield ledger


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.id)
def test_a_damaged_answer_is_refused_or_read_and_every_row_has_its_fate(
    source: Source, answers: Answers, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expectations.row_checks, "cross_checked", evaluate)
    sound = answers(source)
    assert night(source, sound).scrape["status"] == "partial", "every source needs a sound answer to damage"
    records: list[ScrapeRecord] = []

    @settings(settings.get_profile("fuzz"))
    @given(which=PLACES, changes=CHANGES, as_bytes=st.booleans())
    def damaged(which: int, changes: list[Change], as_bytes: bool) -> None:
        captures = list(sound)
        place = which % len(captures)
        one = captures[place]
        captures[place] = replace(one, body=changed(one.body, one.media_type, changes, as_bytes=as_bytes))
        record = night(source, captures)
        assert_honest(record)
        records.append(record)
        try:
            format_of(source).follow(source, FetchRequest(one.url, one.label, one.asked), captures[place])
        except PageBroken as problem:
            assert str(problem)

    damaged()
    ledger.append_all(records)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b"0", b'""', b"[" * 100_000, b"\xff\xfe\x00", b"\x00" * 99]
)
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.id)
def test_an_answer_of_nothing_stores_nothing_that_was_not_said(
    source: Source, body: bytes, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expectations.row_checks, "cross_checked", evaluate)
    record = night(source, [replace(capture, body=body) for capture in answers(source)])
    assert_honest(record)
    terms = record.frames.get("terms", pl.DataFrame({"state": []}))
    assert "offers" not in record.frames or not record.frames["offers"].height
    assert "present" not in set(terms["state"])
