import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from scrapers.page import Capture, Notes, Record, Rejected, Row, Unreadable, each, offer, plan, term

CAPTURE = Capture(
    "acme.prices", "https://acme.example/prices", datetime(2026, 9, 21, tzinfo=UTC), 200, "", b"{}"
)


def priced(**changes: Any) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "offer_key": "a",
        "pricing_model": "spot",
        "usd_per_hour": 8.0,
        "price_as_shown": "8",
        "gpu_count": 4,
    }
    return dict(offer(CAPTURE, **(columns | changes)).values)


def machine(capture: Capture, record: Record, notes: Notes) -> Row:
    usd = record.take_number("usd")
    return offer(
        capture,
        offer_key=record.take("name"),
        pricing_model="on_demand",
        usd_per_hour=usd,
        price_as_shown=str(usd),
        gpu_count=1,
    )


def test_a_field_is_taken_once_and_what_is_left_is_known() -> None:
    record = Record({"name": "a1", "usd": 2, "colour": "red"})
    assert record.take("name") == "a1"
    assert record.take("size", None) is None
    assert record.leftovers(frozenset({"colour"})) == ["usd"]
    with pytest.raises(Unreadable, match="size is missing"):
        record.take("size")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), None])
def test_a_number_that_is_none_is_unknown_not_zero(value: float | None) -> None:
    assert Record({"usd": value}).take_number("usd") is None


@pytest.mark.parametrize("value", ["2.5", True, [1], ""])
def test_a_number_that_is_something_else_is_unreadable(value: Any) -> None:
    with pytest.raises(Unreadable, match="not a number"):
        Record({"usd": value}).take_number("usd")


def test_every_record_is_read_rejected_or_noted_and_none_is_dropped() -> None:
    notes = Notes()
    records: list[dict[str, Any]] = [
        {"name": "a1", "usd": 2.5},
        {"name": "a2", "usd": "soon", "public_ipaddr": "203.0.113.9"},
        {"usd": 2.5},
        {"name": "a4", "usd": 1, "fans": 3, "colour": "red"},
    ]
    ignored = frozenset({"colour"})
    read = list(each(records, machine, notes, table="offers", capture=CAPTURE, ignored=ignored))
    assert [type(item) for item in read] == [Row, Rejected, Rejected, Row]
    rejected = [item for item in read if isinstance(item, Rejected)]
    assert json.loads(rejected[0].record) == {"name": "a2", "usd": "soon"}
    assert "usd" in rejected[0].reason
    assert "name is missing" in rejected[1].reason
    assert {item.capture_id for item in rejected} == {CAPTURE.capture_id}
    assert notes.counts == {("new_field", "fans"): 1}


def test_findings_are_counted_and_keep_their_first_example() -> None:
    notes = Notes()
    notes.add("unknown_word", "soon", "first")
    notes.add("unknown_word", "soon", "second")
    assert notes.counts == {("unknown_word", "soon"): 2}
    assert notes.details["unknown_word", "soon"] == "first"


def test_the_price_per_gpu_is_the_offers_price_divided() -> None:
    assert (priced()["usd_per_hour"], priced()["usd_per_gpu_hour"]) == (8.0, 2.0)
    exact = priced(usd_per_hour=Decimal("9.8318"), gpu_count=8)
    assert exact["usd_per_gpu_hour"] == float(Decimal("9.8318") / 8)


def test_an_unknown_price_stays_unknown() -> None:
    unknown = priced(usd_per_hour=None)
    assert (unknown["usd_per_hour"], unknown["usd_per_gpu_hour"]) == (None, None)


def test_a_row_says_where_it_was_read_and_what_it_does_not_know() -> None:
    values = priced()
    assert values["capture_id"] == CAPTURE.capture_id
    assert values["observed_at"] == CAPTURE.fetched_at
    assert values["source_url"] == CAPTURE.url
    assert (values["availability"], values["currency"]) == ("unknown", "USD")


def test_a_column_that_the_table_lacks_is_a_mistake_of_the_parser() -> None:
    with pytest.raises(TypeError, match="offers has no column colour"):
        priced(colour="red")
    with pytest.raises(TypeError, match="plans has no column colour"):
        plan(CAPTURE, name="Pro", price_as_shown="$8", colour="red")


def test_a_term_is_a_number_or_words() -> None:
    hours = term(CAPTURE, tier="Free", name="session_hours", value=12, unit="hours").values
    assert (hours["value_number"], hours["value_text"], hours["state"]) == (12.0, None, "present")
    words = term(CAPTURE, tier="Free", name="gpu_models", value="T4").values
    assert (words["value_number"], words["value_text"]) == (None, "T4")


def test_characters_that_a_wrong_charset_lost_are_not_taken_for_a_name() -> None:
    record = Record({"name": "Z\ufffdrich", "note": "Z\ufffdrich"})
    with pytest.raises(Unreadable, match="lost to a wrong charset"):
        record.take("name")


def test_a_number_beyond_all_bounds_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="beyond all bounds"):
        Record({"usd": 10**400}).take_number("usd")


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (None, "a NoneType stands where a record should"),
        ("a2", "a str stands where a record should"),
        ({"name": "a2", "usd": 2.0, "sizes": None}, "built in another way: TypeError"),
    ],
)
def test_a_record_of_another_build_is_rejected_and_no_other_with_it(odd: Any, reason: str) -> None:
    def read(capture: Capture, record: Record, notes: Notes) -> Row:
        len(record.take("sizes", ()))
        return machine(capture, record, notes)

    records = [{"name": "a1", "usd": 1.0}, odd, {"name": "a3", "usd": 3.0}]
    first, rejected, last = each(records, read, Notes(), table="offers", capture=CAPTURE)
    assert isinstance(rejected, Rejected)
    assert reason in rejected.reason
    assert [row.values["offer_key"] for row in (first, last) if isinstance(row, Row)] == ["a1", "a3"]
