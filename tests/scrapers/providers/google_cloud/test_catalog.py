"""The Billing Catalog: parts put together, in the units that they are sold in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scrapers.page import FetchRequest, Json, PageBroken
from scrapers.providers.google_cloud import page


def sku(
    description: str, nanos: int, *, units: str = "0", usage: str = "OnDemand", unit: str = "h"
) -> dict[str, Any]:
    price = {"currencyCode": "USD", "units": units, "nanos": nanos}
    return {
        "description": description,
        "category": {"resourceFamily": "Compute", "usageType": usage},
        "serviceRegions": ["us-central1", "us-west1"],
        "pricingInfo": [{"pricingExpression": {"usageUnit": unit, "tieredRates": [{"unitPrice": price}]}}],
    }


CORE = sku("A2 Instance Core running in Americas", 31_611_000)
RAM = sku("A2 Instance Ram running in Americas", 4_237_000, unit="GiBy.h")
GPU = sku("Nvidia Tesla A100 GPU running in Americas", 933_908_000, units="2")


@pytest.fixture
def read(payload: Callable[..., Json], answered: Any) -> Callable[..., Any]:
    return lambda *skus: answered(page.catalog, [payload({"skus": list(skus)})])


def test_a_machine_is_its_gpus_its_vcpus_and_its_memory(read: Callable[..., Any]) -> None:
    found = read(CORE, RAM, GPU).offers
    one = found["us-central1:a2-highgpu-1g"]
    # 2.933908 + 12 x 0.031611 + 85 x 0.004237
    assert one["usd_per_hour"] == pytest.approx(3.673385)
    assert (one["gpu_model"], one["gpu_memory_gib"], one["country"]) == ("A100", 40, "US")
    assert one["price_as_shown"] == "1 × 2.933908 + 12 × 0.031611 + 85 × 0.004237"
    assert found["us-west1:a2-highgpu-8g"]["usd_per_gpu_hour"] == pytest.approx(3.673385)


def test_a_machine_with_an_unpriced_part_has_no_price(read: Callable[..., Any]) -> None:
    assert read(CORE, GPU).rows == []


def test_spot_is_put_together_of_spot_alone(read: Callable[..., Any]) -> None:
    spot = [
        sku("Spot Preemptible A2 Instance Core running in Americas", 9_000_000, usage="Preemptible"),
        sku(
            "Spot Preemptible A2 Instance Ram running in Americas",
            1_000_000,
            usage="Preemptible",
            unit="GiBy.h",
        ),
        sku(
            "Nvidia Tesla A100 GPU attached to Spot Preemptible VMs running in Americas",
            880_000_000,
            usage="Preemptible",
        ),
    ]
    found = read(*spot, CORE)
    assert {row.values["pricing_model"] for row in found.rows} == {"spot"}
    (one,) = [row.values for row in found.rows if row.values["offer_key"] == "us-west1:a2-highgpu-1g"]
    assert one["usd_per_hour"] == pytest.approx(0.88 + 12 * 0.009 + 85 * 0.001)


def test_commitments_and_monthly_units_are_no_parts(read: Callable[..., Any]) -> None:
    commitment = sku("Commitment v1: A2 Cpu in Americas for 1 Year", 1_000_000, usage="Commit1Yr")
    monthly = sku("A2 Instance Ram running in Americas", 3_000_000_000, unit="GiBy.mo")
    found = read(CORE, monthly, GPU, commitment)
    assert found.rows == []
    assert found.notes.counts["unknown_word", "GiBy.mo"] == 1


def test_a_tpu_is_priced_by_the_chip_and_neither_reserved_nor_started_late(read: Callable[..., Any]) -> None:
    found = read(
        sku("TpuV6e running in Oregon", 700_000_000, units="2"),
        sku(
            "TpuV6e attached to Spot Preemptible VMs running in Oregon",
            890_000_000,
            units="1",
            usage="Preemptible",
        ),
        sku("Reserved TpuV6e running in Oregon", 500_000_000, units="1"),
        sku("DWS Defined Duration V6e running in Oregon", 350_000_000, units="1"),
        sku("Commitment v1: TpuV6e running in Oregon for 1 Year", 1_000_000, usage="Commit1Yr"),
    )
    prices = {(row.values["region"], row.values["pricing_model"]): row.values for row in found.rows}
    assert {key: row["usd_per_gpu_hour"] for key, row in prices.items()} == {
        ("us-central1", "on_demand"): 2.7,
        ("us-west1", "on_demand"): 2.7,
        ("us-central1", "spot"): 1.89,
        ("us-west1", "spot"): 1.89,
    }
    assert {(row["gpu_model"], row["gpu_memory_gib"]) for row in prices.values()} == {("TPU v6e", 32)}


def test_an_empty_list_is_no_answer(read: Callable[..., Any]) -> None:
    with pytest.raises(PageBroken, match="lists no SKUs"):
        read()
    with pytest.raises(PageBroken, match="prices no part"):
        read(sku("E2 Instance Core running in Americas", 1))


def test_the_walk_goes_on_while_there_is_a_token(payload: Callable[..., Json]) -> None:
    ask = FetchRequest("https://cloudbilling.googleapis.com/v1/services/X/skus?pageSize=5000")
    (second,) = page.catalog.follow(ask, payload({"skus": [], "nextPageToken": "abc"}))
    assert second.url == f"{ask.url}&pageToken=abc"
    (third,) = page.catalog.follow(second, payload({"skus": [], "nextPageToken": "def"}))
    assert third.url == f"{ask.url}&pageToken=def"
    assert list(page.catalog.follow(third, payload({"skus": [], "nextPageToken": ""}))) == []
