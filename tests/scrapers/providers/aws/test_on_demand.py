"""EC2 on demand: prices of machines, types met twice, regions by their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scrapers.page import Json, PageBroken
from scrapers.providers.aws import page


def rate(instance_type: str, price: str, **fields: str) -> dict[str, str]:
    return {
        "rateCode": "A",
        "price": price,
        "Location": "US East (N. Virginia)",
        "vCPU": "192",
        "Memory": "2048 GiB",
        "Instance Type": instance_type,
        **fields,
    }


def prices(*rates: dict[str, str], place: str = "US East (N. Virginia)") -> dict[str, Any]:
    return {"manifest": {}, "sets": {}, "regions": {place: {str(n): rate for n, rate in enumerate(rates)}}}


def test_a_price_is_for_the_machine(payload: Callable[..., Json], answered: Any) -> None:
    value = prices(rate("p5.48xlarge", "55.0400000000"), rate("m5.large", "0.0960000000"))
    found = answered(page.on_demand, [payload(value)])
    (row,) = found.offers.values()
    assert (row["offer_key"], row["gpu_count"], row["usd_per_gpu_hour"]) == ("us-east-1:p5.48xlarge", 8, 6.88)
    assert (row["gpu_model"], row["gpu_form_factor"], row["pricing_model"]) == ("H100", "SXM", "on_demand")
    assert (row["ram_gib"], row["country"]) == (2048, "US")


def test_a_type_met_twice_counts_once_and_two_prices_are_not_chosen_between(
    payload: Callable[..., Json], answered: Any
) -> None:
    one, other = rate("g4dn.xlarge", "0.526"), rate("g4dn.xlarge", "0.71")
    assert len(answered(page.on_demand, [payload(prices(one, one))]).offers) == 1
    found = answered(page.on_demand, [payload(prices(one, other))])
    assert [refused.reason for refused in found.refused] == ["g4dn.xlarge has two prices, 0.526 and 0.71"]


def test_zero_is_a_price_not_known(payload: Callable[..., Json], answered: Any) -> None:
    found = answered(page.on_demand, [payload(prices(rate("g4dn.xlarge", "0.0000000000")))])
    assert found.offers["us-east-1:g4dn.xlarge"]["usd_per_gpu_hour"] is None


def test_new_machines_and_places_are_reported(payload: Callable[..., Json], answered: Any) -> None:
    value = prices(rate("p9.48xlarge", "99"), rate("m5.large", "0.1"))
    moon = prices(rate("p5.48xlarge", "55"), place="The Moon")
    found = answered(page.on_demand, [payload(value), payload(moon)])
    assert found.rows == []
    assert dict(found.notes.counts) == {
        ("unknown_instance_type", "p9.48xlarge"): 1,
        ("unknown_region", "The Moon"): 1,
    }


def test_a_file_without_regions_is_broken(payload: Callable[..., Json], answered: Any) -> None:
    with pytest.raises(PageBroken, match="has no regions"):
        answered(page.on_demand, [payload({"regions": {}})])


@pytest.mark.parametrize(
    "regions", [["x"], {"EU (Paris)": {}}, {"EU (Paris)": ["x"]}, {"EU (Paris)": {"A": "x"}}]
)
def test_a_file_built_otherwise_is_broken(payload: Callable[..., Json], answered: Any, regions: Any) -> None:
    with pytest.raises(PageBroken):
        answered(page.on_demand, [payload({"regions": regions})])


def test_vcpus_in_words_cost_one_row_and_not_the_file(payload: Callable[..., Json], answered: Any) -> None:
    value = prices(rate("g4dn.xlarge", "0.526", vCPU="NA"), rate("p5.48xlarge", "55.04"))
    found = answered(page.on_demand, [payload(value)])
    assert (list(found.offers), len(found.refused)) == (["us-east-1:p5.48xlarge"], 1)
