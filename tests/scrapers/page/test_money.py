import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.page import dollars, exact_decimal, price
from scrapers.page.money import cell_number, cell_price


@pytest.mark.parametrize(
    ("shown", "amount", "period"),
    [
        ("$0.45", "0.45", ""),
        ("$0.45/hr", "0.45", "hour"),
        ("$2.99 / GPU / hour", "2.99", "hour"),
        ("$2.24/GPU-hr", "2.24", "hour"),
        ("$ 8 per month", "8", "month"),
        ("US$9.99", "9.99", ""),
        ("9.99 USD", "9.99", ""),
        ("$1,234.50", "1234.50", ""),
        ("$0.000164 / sec", "0.000164", "second"),
        ("  $5.95/hour ", "5.95", "hour"),
        ("$0.526/h", "0.526", "hour"),
        ("$1.379", "1.379", ""),
        ("$1,179/yr", "1179", "year"),
        ("$1.999,00", "1999.00", ""),
    ],
)
def test_one_price_is_read_exactly(shown: str, amount: str, period: str) -> None:
    found = dollars(shown)
    assert (found.amount, found.currency, found.period) == (Decimal(amount), "USD", period)
    assert found.shown == shown.strip()


def test_an_asterisk_is_told_because_it_can_mean_a_commitment() -> None:
    assert dollars("$2.24/hour*").footnote
    assert not dollars("$5.95/hour").footnote


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "Free",
        "Contact us",
        "N/A",
        "from $0.40",
        "Starting at $1.10/hr",
        "up to $3",
        "$1.50 - $2.00",
        "$1.50–$2.00",
        "$3.20/hr $2.10/hr",
        "8x H100 $23.92/hr",
        "—",
        "-$1.00",
        "$-1.00",
        "$ - 1.00",
        "−$1.00",
        "($1.00)",
        "~$1.50",
        "≥ $1.50",
        "$1.50+",
        "as low as $1.50",
        "$1.50 or more",
        "$1e3",
        "€0.45/hr",
        "£2",
        "CA$0.45",
        "0.45",
    ],
)
def test_what_is_not_one_price_in_dollars_is_refused(shown: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(shown))):
        dollars(shown)


@pytest.mark.parametrize(
    ("shown", "amount", "currency"),
    [("¥1,179 per month", "1179", "JPY"), ("S$3.88", "3.88", "SGD"), ("€0,45", "0.45", "EUR")],
)
def test_another_currency_is_kept_as_it_is(shown: str, amount: str, currency: str) -> None:
    found = price(shown)
    assert (found.amount, found.currency) == (Decimal(amount), currency)


def test_a_monthly_price_is_never_taken_for_an_hourly_one() -> None:
    assert dollars("$8 per month", period="month").amount == 8
    assert dollars("$0.45", period="hour").amount == Decimal("0.45")
    with pytest.raises(ValueError, match="per month, expected per hour"):
        dollars("$8 per month", period="hour")


@given(st.integers(min_value=1, max_value=9_999_999), st.integers(min_value=0, max_value=4))
def test_every_amount_comes_back_whatever_its_decimals(digits: int, places: int) -> None:
    amount = Decimal(digits).scaleb(-places)
    assert dollars(f"${amount:,}/hr").amount == amount


@pytest.mark.parametrize(
    ("shown", "value"), [("9.8318", "9.8318"), ("9.0E-4", "0.00090"), ("0", "0"), ("12", "12")]
)
def test_a_bare_number_keeps_every_digit(shown: str, value: str) -> None:
    assert exact_decimal(shown) == Decimal(value)


@pytest.mark.parametrize("shown", ["N/A*", "", "NaN", "Infinity", "-inf", "$1", "1,5"])
def test_a_sentinel_is_never_a_number(shown: str) -> None:
    with pytest.raises(ValueError, match="not"):
        exact_decimal(shown)


@pytest.mark.parametrize(
    ("shown", "period"),
    [
        ("$720 monthly", "month"),
        ("$720 a month", "month"),
        ("$12 per day", "day"),
        ("$1.50 hourly", "hour"),
        ("$80/week", "week"),
    ],
)
def test_a_period_is_known_however_it_is_said(shown: str, period: str) -> None:
    assert dollars(shown).period == period
    if period != "hour":
        with pytest.raises(ValueError, match=f"is per {period}, expected per hour"):
            dollars(shown, period="hour")


@pytest.mark.parametrize(
    ("shown", "decimal", "amount", "currency"),
    [
        ("16.00", ".", "16", "USD"),
        ("1,234.50", ".", "1234.5", "USD"),
        ("9.0E-4", ".", "0.0009", "USD"),
        (".5", ".", "0.5", "USD"),
        ("1.234,50", ",", "1234.5", "USD"),
        ("$1,234.50", ".", "1234.5", "USD"),
        ("US$ 3", ".", "3", "USD"),
        ("$1.50/hr", ".", "1.5", "USD"),
    ],
)
def test_a_cell_is_a_bare_number_in_its_columns_currency_or_a_price(
    shown: str, decimal: str, amount: str, currency: str
) -> None:
    read = cell_price(shown, currency="USD", period="hour", decimal=decimal)
    assert (read.amount, read.currency) == (Decimal(amount), currency)


@pytest.mark.parametrize(
    ("shown", "decimal", "currency"),
    [
        ("1,50", ".", "USD"),
        ("1.50", ",", "USD"),
        ("€1.50", ".", "USD"),
        ("€1,50", ".", "EUR"),
        ("12,34,567", ".", "USD"),
        ("2.2.44", ".", "USD"),
        ("-1", ".", "USD"),
        ("-$1", ".", "USD"),
        ("1.50", ".", ""),
        ("$5/month", ".", "USD"),
        ("1_000", ".", "USD"),
        ("\u0663", ".", "USD"),
        ("Infinity", ".", "USD"),
        ("1-2", ".", "USD"),
        ("", ".", "USD"),
    ],
)
def test_a_cell_that_is_not_one_price_of_its_column_is_refused(
    shown: str, decimal: str, currency: str
) -> None:
    with pytest.raises(ValueError, match=r" (is|names|holds) "):
        cell_price(shown, currency=currency, period="hour", decimal=decimal)


@given(
    st.integers(min_value=0, max_value=9_999_999),
    st.integers(min_value=0, max_value=4),
    st.sampled_from("$€£¥"),
)
def test_a_cell_with_a_sign_holds_the_price_that_a_page_would_print(
    digits: int, places: int, sign: str
) -> None:
    shown = f"{sign}{Decimal(digits).scaleb(-places):,}"
    cell, printed = cell_price(shown), price(shown, decimal=".")
    assert (cell.amount, cell.currency, cell.shown) == (printed.amount, printed.currency, printed.shown)


def test_a_number_may_carry_the_sign_of_its_currency() -> None:
    assert [cell_number(shown) for shown in ("300", "$300", "1,234.5", "-2")] == [
        300,
        300,
        Decimal("1234.5"),
        -2,
    ]
    with pytest.raises(ValueError, match="'80 GB'"):
        cell_number("80 GB")
