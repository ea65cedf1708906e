"""The dated facts: well formed, traceable, and read as they are stated."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from scrapers.history.facts import FactError, facts_file, first_day, observations

IDENTITY = {
    "run_id": "r",
    "source": "history:facts",
    "slot": datetime(2026, 11, 20, 3, tzinfo=UTC),
    "capture_id": "c",
}


@pytest.fixture(scope="module")
def shipped() -> pl.DataFrame:
    return observations(facts_file(), IDENTITY)


def stated(line: str) -> pl.DataFrame:
    return observations(f"[aws]\nfacts = [\n{line}\n]\n".encode(), IDENTITY)


# The dated figures of the documents that the project began with.
@pytest.mark.parametrize(
    "fact",
    [
        ("2018-11-15", "vast_ai", "GTX 1070 Ti", "usd_per_hour", 0.065),
        ("2018-10", "aws", "p2.xlarge", "usd_per_hour", 0.28),
        ("2018-11", "aws", "p2.8xlarge", "usd_per_hour", 4.05),
        ("2018-11", "aws_sagemaker", "K80", "usd_per_hour", 1.26),
        ("2018-11", "paperspace", "TPU v2", "usd_per_hour", 6.5),
        ("2018-11", "google_cloud", "Free trial", "credit_usd", 300),
        ("2018-11-15", "kaggle", "Free", "session_hours", 12),
        ("2018-11", "floydhub", "K80", "usd_per_hour", 1.0),
        ("2020-12-17", "google_colab", "Free", "idle_minutes", 90),
        ("2020-12-17", "paperspace", "Free", "ram_gib", 30),
        ("2020-12-17", "google_colab", "Google One 200 GB", "price_per_month", 3.88),
        ("2020-12-17", "blobcity", "GPU", "usd_per_month", 75),
        ("2022", "paperspace", "Free", "overage_usd_per_gib_month", 0.29),
        ("2022", "google_cloud", "T4", "usd_per_hour", 0.11),
    ],
    ids=lambda fact: f"{fact[1]}-{fact[2]}-{fact[0]}",
)
def test_the_seeds_figures_are_in(shipped: pl.DataFrame, fact: tuple[str, str, str, str, float]) -> None:
    names = ("observed_as_stated", "provider", "subject", "term", "value_number")
    wanted = shipped.filter(pl.all_horizontal(pl.col(n) == v for n, v in zip(names, fact, strict=True)))
    assert wanted.height == 1


def test_a_foreign_price_keeps_its_currency_and_is_no_dollar_figure(shipped: pl.DataFrame) -> None:
    foreign = shipped.filter(pl.col("currency") != "USD")
    assert set(foreign["currency"]) == {"SGD", "JPY"}
    assert set(foreign["term"]) == {"price_per_month"}


def test_every_fact_has_an_origin_and_none_lies_in_the_future(shipped: pl.DataFrame) -> None:
    assert shipped.filter(pl.col("origin").str.strip_chars() == "").height == 0
    assert shipped["observed_on"].max() <= date(2026, 11, 20)


def test_a_date_is_kept_as_exactly_as_it_is_stated() -> None:
    row = stated('{ on = "2018-10", subject = "p2", term = "usd_per_hour", value = 0.28, origin = "o" }')
    assert row.select("observed_as_stated", "observed_on").row(0) == ("2018-10", date(2018, 10, 1))
    assert (first_day("2018"), first_day("2018-11-15")) == (date(2018, 1, 1), date(2018, 11, 15))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{ on = "2018", subject = "s", term = "price", value = 1, origin = "o" }', "term is 'price'"),
        ('{ on = "2018", subject = "s", term = "vcpus", origin = "o" }', "without a value"),
        ('{ on = "2018", subject = "s", term = "vcpus", value = 1, gpu = "X99", origin = "o" }', "no 'X99'"),
        ('{ on = "2018", subject = "s", term = "vcpus", valeu = 1, origin = "o" }', "valeu"),
        (
            2 * '{ on = "2018", subject = "s", term = "vcpus", value = 1, origin = "o" },',
            "stated twice",
        ),
    ],
)
def test_a_wrong_fact_is_refused_with_the_reason(line: str, why: str) -> None:
    with pytest.raises(FactError, match=why):
        stated(line)
