"""The compiler is Great Expectations' twin: the same rows fail the same expectations, on every table."""

from __future__ import annotations

import math
import os
import random
import subprocess
import sys
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import expectations.gx_adapter
from expectations.compiler import EXPECTATION, REASON, evaluate, reasons, validated
from expectations.gate import Good, Snapshot, judge
from expectations.gx_adapter import GateBroken, Result, cross_checked, validate
from expectations.suites import row_expectations, with_flags
from warehouse.schema import BY_NAME, TABLES, Column, Table

SLOT = datetime(2026, 11, 20, 3, tzinfo=UTC)
TIMES = int(os.environ.get("GPULEDGER_FUZZ", "1"))
EXTREME = {
    "text": ["", " ", "a", "A", "NaN", "null", "None", "True", "\x00", "a\x00b", "a\x00c", "\u202e", "é",
             "e\u0301", "'; DROP TABLE offers; --", "</script>", "x" * 5000, "😀", "\ufeff", "0", "[]"],
    "json": ["{}", "null", '{"a": NaN}', "not json", "\x00"],
    "text_list": [[], [""], ["a", "a"], [None], ["x" * 200] * 20],
    "integer": [0, -1, 1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 99, 100, 599, 600, 1024, 1025],
    "number": [math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, -5e-324, 1e308, -1e308, 1.0,
               1.0000000000000002, 1000.0, 1000.0000000000001, 20000.0, 20000.01, 1024.5, 65536.0, 2.0**63],
    "flag": [True, False],
    "timestamp": [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
                  datetime(2026, 11, 20, 3, tzinfo=UTC), datetime(2026, 11, 20, 3, 0, 0, 1, tzinfo=UTC)],
    "date": [date(1, 1, 1), date(9999, 12, 31), date(2026, 11, 20)],
}  # fmt: skip
PLAIN_KINDS = ("text", "json", "integer", "number", "flag")
OTHERS = [value for kind in PLAIN_KINDS for value in EXTREME[kind]]


def cells(column: Column) -> st.SearchStrategy[Any]:
    """Values of a column's kind and of others, its bounds and words among them, and null."""
    others = OTHERS if column.kind in PLAIN_KINDS else [None]
    return st.none() | st.sampled_from(of_kind(column)) | st.sampled_from(of_kind(column) + others)


def of_kind(column: Column) -> list[Any]:
    bounds = [bound for bound in (column.above, column.at_least, column.at_most) if bound is not None]
    return [*EXTREME[column.kind], *column.allowed, *bounds, *(bound + 1 for bound in bounds)]


def frame_of(table: Table, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows as a frame of the table; a value of another kind becomes what polars makes of it, or null."""
    columns = {
        name: pl.Series(name, [row[name] for row in rows], dtype=dtype, strict=False)
        for name, dtype in table.polars().items()
    }
    return with_flags(pl.DataFrame(columns, schema=table.polars()), table)


def assert_twins(frame: pl.DataFrame, table: Table) -> list[Result]:
    """Both find the same rows, for the same reasons; returns what they find."""
    asked = row_expectations(table)
    found, twin = validate(frame, asked), evaluate(frame, asked)
    assert [(one.expectation.name, one.failed_rows) for one in twin] == [
        (one.expectation.name, one.failed_rows) for one in found
    ]
    assert reasons(frame, twin).equals(reasons(frame, found))
    return found


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_same_rows_fail_for_the_same_reasons_as_in_great_expectations(table: Table) -> None:
    row = st.fixed_dictionaries({column.name: cells(column) for column in table.columns})
    # A row that is drawn twice shares its key with itself.
    rows = st.lists(row, max_size=8).flatmap(
        lambda drawn: (
            st.lists(st.sampled_from(drawn), max_size=4).map(lambda again: [*drawn, *again])
            if drawn
            else st.just(drawn)
        )
    )

    @settings(
        max_examples=3 * TIMES,
        derandomize=TIMES == 1,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(rows)
    def compared(drawn: list[dict[str, Any]]) -> None:
        assert_twins(frame_of(table, drawn), table)

    compared()


@pytest.mark.parametrize(("name", "size"), [*((table.name, 400) for table in TABLES), ("offers", 10_000)])
def test_large_frames_of_hostile_rows_are_judged_alike_row_by_row(name: str, size: int) -> None:
    table, draw = BY_NAME[name], random.Random(f"{name} {size}")
    pools = {column.name: [None, *of_kind(column)] for column in table.columns}
    rows = [{name: draw.choice(pool) for name, pool in pools.items()} for _ in range(size * 4 // 5)]
    rows += [dict(draw.choice(rows)) for _ in range(size - len(rows))]
    found = assert_twins(frame_of(table, rows), table)
    # Every expectation is failed by some rows and met by others.
    assert {one.expectation.name for one in found if not 0 < len(one.failed_rows) < size} == set()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_an_empty_frame_and_one_of_nothing_but_nulls_are_judged_alike(table: Table) -> None:
    assert not any(one.failed_rows for one in assert_twins(frame_of(table, []), table))
    nulls = frame_of(table, [dict.fromkeys(table.by_name)] * 2)
    required = {f"{column.name} given" for column in table.columns if column.required}
    assert {one.expectation.name for one in assert_twins(nulls, table) if one.failed_rows} == required


NUMBERS = Table(
    "numbers",
    "A key of large whole numbers, and a figure that every row must have.",
    (
        Column("place", "integer", "A whole number."),
        Column("part", "integer", "Another."),
        Column("figure", "number", "A figure.", required=True, above=0, at_most=10),
    ),
    key=("place", "part"),
)


def numbers(*rows: tuple[int | None, int | None, float | None]) -> pl.DataFrame:
    return with_flags(pl.DataFrame(rows, schema=NUMBERS.polars(), orient="row"), NUMBERS)


def test_not_a_number_is_given_and_inside_no_bound_or_outside_it_but_it_is_not_finite() -> None:
    frame = numbers((1, 1, math.nan), (2, 1, math.inf), (3, 1, -math.inf), (4, 1, None), (5, 1, 11.0))
    found = assert_twins(frame, NUMBERS)
    assert reasons(frame, found).select(EXPECTATION, REASON).rows() == [
        ("every number finite", "every number finite: figure is NaN"),
        (
            "figure above 0 and at most 10",
            "figure above 0 and at most 10: figure is inf; every number finite: figure is inf",
        ),
        (
            "figure above 0 and at most 10",
            "figure above 0 and at most 10: figure is -inf; every number finite: figure is -inf",
        ),
        ("figure given", "figure given: figure is missing"),
        ("figure above 0 and at most 10", "figure above 0 and at most 10: figure is 11.0"),
    ]


def test_whole_numbers_beyond_what_a_float_holds_are_different_keys_beside_a_null() -> None:
    """pandas makes floats of whole numbers among which there is a null: 2**53 + 1 becomes 2**53."""
    frame = numbers(
        (2**53, 1, 1.0), (2**53 + 1, 1, 1.0), (None, 1, 1.0), (None, None, 1.0), (None, None, 1.0)
    )
    assert not any(one.failed_rows for one in assert_twins(frame, NUMBERS))


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("usd_per_gpu_hour", ["2.0", "lots"]),
        ("usd_per_gpu_hour", [datetime(2026, 11, 20, tzinfo=UTC)] * 2),
        ("gpu_count", pl.Series([None, None], dtype=pl.String)),
        ("pricing_model", [1, 2]),
        ("offer_key", [0.5, math.nan]),
        ("offer_key", [["a"], ["a"]]),
    ],
)
def test_a_column_of_another_type_is_refused_by_both_alike(column: str, values: Any) -> None:
    table = BY_NAME["offers"]
    frame = frame_of(table, [dict.fromkeys(table.by_name)] * 2).with_columns(pl.Series(column, values))
    told = []
    for judged_by in (validate, evaluate):
        with pytest.raises(GateBroken, match=rf"column {column} is ") as broken:
            judged_by(frame, row_expectations(table))
        told.append(str(broken.value))
    assert told[0] == told[1]


def test_a_twin_that_is_wrong_about_one_row_breaks_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    table = BY_NAME["offers"]
    frame = frame_of(table, [dict.fromkeys(table.by_name) | {"usd_per_gpu_hour": 5000.0}] * 3)
    cross_checked(frame, row_expectations(table))

    def blind(frame: pl.DataFrame, asked: Any) -> list[Result]:
        """Like the compiler, but for the bound of a price, which it does not see in row 1."""
        return [
            Result(one.expectation, tuple(row for row in one.failed_rows if row != 1))
            if one.expectation.name.startswith("usd_per_gpu_hour above")
            else one
            for one in evaluate(frame, asked)
        ]

    monkeypatch.setattr(expectations.gx_adapter, "evaluate", blind)
    with pytest.raises(GateBroken, match=r"usd_per_gpu_hour above 0 .* disagree on 1 of 3 rows.* row 1$"):
        cross_checked(frame, row_expectations(table))
    snapshot = Snapshot(SLOT, {"offers": frame.select(*table.by_name)}, "r", "p", "p.s", "v")
    with pytest.raises(GateBroken, match="disagree"):
        judge([snapshot], {"offers": Good(1, None, 0.5, {})}, last_good={})


def test_validated_rows_keep_their_order_and_say_why_they_are_refused() -> None:
    table = BY_NAME["schema_versions"]
    at = datetime(2026, 11, 20, 3, tzinfo=UTC)
    rows = [{"version": version, "applied_at": at} for version in (1, 0, None, 1)]
    found = validated(pl.DataFrame(rows, schema=table.polars()), table)
    assert found.columns == [*table.by_name, EXPECTATION, REASON]
    assert found.select("version", EXPECTATION, REASON).rows() == [
        (1, None, None),
        (0, "version at least 1", "version at least 1: version is 0"),
        (None, "version given", "version given: version is missing"),
        (1, None, None),
    ]


def test_the_compiler_and_the_parser_of_histories_do_not_import_great_expectations() -> None:
    code = "import sys, expectations.compiler, scrapers.history.parse; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "scrapers.history.parse" in ran.stdout.split()
    assert "great_expectations" not in ran.stdout.split()
