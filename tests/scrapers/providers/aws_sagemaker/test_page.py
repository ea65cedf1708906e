import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scrapers.page import Json, PageBroken
from scrapers.providers.aws_sagemaker import page
from scrapers.registry import Source, source


def rate(instance: str, price: str, **fields: str) -> dict[str, str]:
    return {
        "rateCode": "A",
        "RegionlessRateCode": "A",
        "Clock Speed": "2.5 GHz",
        "price": price,
        "Instance": instance,
        "Instance Type": f"{instance}-Notebook",
        "Component": "Studio-Notebook",
        "VCPU": "48",
        "Memory": "192 GiB",
        **fields,
    }


def prices(place: str, *rates: dict[str, str]) -> dict[str, Any]:
    return {"manifest": {}, "sets": {}, "regions": {place: {str(n): rate for n, rate in enumerate(rates)}}}


@pytest.mark.parametrize("source", [page.notebook, page.training])
def test_a_price_is_for_the_machine_and_names_its_region(
    payload: Callable[..., Json], answered: Any, source: Any
) -> None:
    value = prices("EU (Paris)", rate("ml.g4dn.12xlarge", "4.8900000000"))
    found = answered(source, [payload(value)])
    assert found.in_full == [
        {
            "offer_key": "eu-west-3:ml.g4dn.12xlarge",
            "instance_type": "ml.g4dn.12xlarge",
            "region": "eu-west-3",
            "country": "FR",
            "pricing_model": "on_demand",
            "usd_per_hour": 4.89,
            "usd_per_gpu_hour": 1.2225,
            "price_as_shown": "4.8900000000",
            "currency": "USD",
            "gpu_as_shown": "T4",
            "gpu_model": "T4",
            "gpu_is_known": True,
            "gpu_form_factor": "PCIe",
            "gpu_memory_gib": 16,
            "gpu_count": 4,
            "vcpus": 48,
            "ram_gib": 192,
            "availability": "unknown",
        }
    ]
    assert (found.refused, found.notes.counts) == ([], {})


def test_a_machine_listed_twice_counts_once_and_two_prices_are_not_chosen_between(
    payload: Callable[..., Json], answered: Any
) -> None:
    same = rate("ml.g4dn.xlarge", "0.7364")
    found = answered(page.training, [payload(prices("EU (Paris)", same, same, rate("ml.m5.large", "0.1")))])
    assert (len(found.offers), found.refused) == (1, [])
    other = rate("ml.g4dn.xlarge", "0.9")
    found = answered(page.training, [payload(prices("EU (Paris)", same, other))])
    assert [refused.reason for refused in found.refused] == ["ml.g4dn.xlarge has two prices, 0.7364 and 0.9"]


def test_zero_is_unknown_and_words_are_refused(payload: Callable[..., Json], answered: Any) -> None:
    value = prices("EU (Paris)", rate("ml.g4dn.xlarge", "0.0000000000"), rate("ml.g5.xlarge", "N/A"))
    found = answered(page.notebook, [payload(value)])
    assert found.offers["eu-west-3:ml.g4dn.xlarge"]["usd_per_gpu_hour"] is None
    assert [refused.reason for refused in found.refused] == ["'N/A' is not a number"]


def test_a_place_that_nobody_knows_is_reported(payload: Callable[..., Json], answered: Any) -> None:
    found = answered(page.notebook, [payload(prices("The Moon", rate("ml.g4dn.xlarge", "1")))])
    assert (found.rows, dict(found.notes.counts)) == ([], {("unknown_region", "The Moon"): 1})


def test_an_empty_map_is_no_answer(payload: Callable[..., Json], answered: Any) -> None:
    with pytest.raises(PageBroken, match="has no regions"):
        answered(page.training, [payload({"manifest": {}, "regions": {}})])


def listed(sku: str, price: str, *, unit: str = "Hrs", **attributes: str) -> dict[str, Any]:
    product = {
        "regionCode": "eu-west-1",
        "instanceName": "ml.g5.12xlarge",
        "component": "Hosting",
        "vCpu": "48",
        "memory": "192 GiB",
        "usagetype": "EU-Host:ml.g5.12xlarge",
        **attributes,
    }
    hour = {"unit": unit, "pricePerUnit": {"USD": price}}
    return {
        "products": {sku: {"sku": sku, "attributes": product}},
        "terms": {"OnDemand": {sku: {f"{sku}.J": {"priceDimensions": {f"{sku}.J.6": hour}}}}},
    }


def price_list(*parts: dict[str, Any]) -> dict[str, Any]:
    return {
        "products": {sku: product for part in parts for sku, product in part["products"].items()},
        "terms": {
            "OnDemand": {sku: term for part in parts for sku, term in part["terms"]["OnDemand"].items()}
        },
    }


def test_hosting_is_read_of_hosting_alone(payload: Callable[..., Json], answered: Any) -> None:
    value = price_list(
        listed("A", "7.9100000000"),
        listed("B", "7.0900000000", component="Training"),
        listed("C", "0.1150000000", instanceName="ml.m5.large"),
    )
    found = answered(page.hosting, [payload(value)])
    (row,) = found.offers.values()
    assert (row["offer_key"], row["gpu_model"], row["gpu_count"]) == ("eu-west-1:ml.g5.12xlarge", "A10G", 4)
    assert (row["usd_per_hour"], row["usd_per_gpu_hour"], row["country"]) == (7.91, 1.9775, "IE")
    assert dict(found.notes.counts) == {}


def test_hosting_by_another_unit_or_without_a_price_is_refused(
    payload: Callable[..., Json], answered: Any
) -> None:
    unpriced = listed("B", "1", instanceName="ml.g4dn.xlarge")
    unpriced["terms"]["OnDemand"] = {}
    found = answered(page.hosting, [payload(price_list(listed("A", "7.91", unit="GB-Mo"), unpriced))])
    assert (found.rows, len(found.refused)) == ([], 2)
    assert {refused.reason for refused in found.refused} == {"0 prices of an hour, one expected"}


@pytest.mark.parametrize(
    "value", [{}, [], {"products": {}, "terms": {}}, listed("A", "1", component="Training")]
)
def test_a_list_that_hosts_nothing_is_broken(value: Any, payload: Callable[..., Json], answered: Any) -> None:
    with pytest.raises(PageBroken):
        answered(page.hosting, [payload(value)])


def test_a_change_of_the_shared_lookups_is_a_new_parser() -> None:
    mine = source("aws_sagemaker.notebook")
    assert mine.shares == ("aws",)
    alone = Source(mine.provider, mine.name, mine.declared)
    assert alone.parser_version != mine.parser_version


def test_the_real_file(captures_dir: Path, payload: Callable[..., Json], answered: Any) -> None:
    name = "sagemaker-instances-studionotebook.2025-12-05.json"
    value = json.loads((captures_dir / "aws" / name).read_text(encoding="utf-8"))
    expected = {
        (place, rate["Instance"])
        for place, rates in value["regions"].items()
        for rate in rates.values()
        if re.match(r"ml\.(g|p|trn|inf)\d", rate["Instance"])
    }
    found = answered(page.notebook, [payload(value)])
    assert (len(found.offers), found.refused, found.notes.counts) == (len(expected), [], {})
