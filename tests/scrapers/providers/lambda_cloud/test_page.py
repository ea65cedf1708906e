from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scrapers.page import Html, Json, PageBroken
from scrapers.providers.lambda_cloud import page

PRICING = (Path(__file__).parent / "pricing.html").read_text(encoding="utf-8")
H100 = {
    "instance_type": {
        "name": "gpu_8x_h100_sxm5",
        "description": "8x H100 (80 GB SXM5)",
        "gpu_description": "H100 (80 GB SXM5)",
        "price_cents_per_hour": 3192,
        "specs": {"vcpus": 208, "memory_gib": 1800, "storage_gib": 24780, "gpus": 8},
    },
    "regions_with_capacity_available": [
        {"name": "us-east-1", "description": "Virginia, USA"},
        {"name": "europe-central-1", "description": "Germany"},
    ],
}
GH200 = {
    "instance_type": {
        "name": "gpu_1x_gh200",
        "description": "1x GH200 (96 GB)",
        "gpu_description": "GH200 (96 GB)",
        "price_cents_per_hour": 229,
        "specs": {"vcpus": 64, "memory_gib": 432, "storage_gib": 4096, "gpus": 1},
    },
    "regions_with_capacity_available": [],
}


def test_a_price_is_per_gpu_and_the_tab_says_how_many(html: Callable[..., Html], answered: Any) -> None:
    found = answered(page.instances, [html(PRICING)])
    assert found.in_full[0] == {
        "offer_key": "A100 SXM 80GB x8",
        "pricing_model": "on_demand",
        "usd_per_hour": 22.32,
        "usd_per_gpu_hour": 2.79,
        "price_as_shown": "$2.79",
        "currency": "USD",
        "gpu_as_shown": "NVIDIA A100 SXM",
        "gpu_model": "A100",
        "gpu_is_known": True,
        "gpu_form_factor": "SXM",
        "gpu_memory_gib": 80,
        "gpu_count": 8,
        "vcpus": 240,
        "ram_gib": 1800,
        "disk_gib": 19968,
        "availability": "unknown",
    }
    one = found.offers["H100 PCIe 80GB x1"]
    assert (one["usd_per_hour"], one["gpu_form_factor"], one["pricing_model"]) == (3.29, "PCIe", "on_demand")


def test_machines_that_differ_in_memory_alone_are_two(html: Callable[..., Html], answered: Any) -> None:
    found = answered(page.instances, [html(PRICING)]).offers
    assert found["A100 SXM 40GB x8"]["usd_per_gpu_hour"] == 1.99
    assert len(found) == 4


def test_reservations_are_no_instances_and_their_price_may_be_unknown(
    html: Callable[..., Html], answered: Any
) -> None:
    found = answered(page.clusters, [html(PRICING)]).offers
    assert {row["pricing_model"] for row in found.values()} == {"reserved"}
    least = found["H100 cluster x16, 2 weeks – 1 year"]
    assert (least["usd_per_hour"], least["usd_per_gpu_hour"]) == (pytest.approx(98.56), 6.16)
    unpriced = found["H100 cluster x16+, 1 year+"]
    assert (unpriced["usd_per_hour"], unpriced["price_as_shown"]) == (None, "—")
    assert found["H100 cluster x256+, 2 weeks – 1 year"]["gpu_count"] == 256


def test_a_gpu_that_nobody_knows_is_kept_as_shown(html: Callable[..., Html], answered: Any) -> None:
    found = answered(page.instances, [html(PRICING)])
    row = found.offers["Z9 512GB x1"]
    assert (row["gpu_model"], row["gpu_is_known"]) == ("NVIDIA Z9", False)
    assert found.notes.counts["unknown_gpu", "NVIDIA Z9"] == 1


@pytest.mark.parametrize("source", [page.instances, page.clusters])
def test_a_page_without_its_tables_is_broken(html: Callable[..., Html], answered: Any, source: Any) -> None:
    with pytest.raises(PageBroken, match="has no rows with"):
        answered(source, [html("<h2>Instances pricing</h2><p>Soon.</p>")])


def test_the_api_prices_the_instance_in_cents(payload: Callable[..., Json], answered: Any) -> None:
    found = answered(page.capacity, [payload({"data": {"a": H100, "b": GH200}})])
    offers = found.offers
    assert set(offers) == {"us-east-1:gpu_8x_h100_sxm5", "europe-central-1:gpu_8x_h100_sxm5", "gpu_1x_gh200"}
    virginia = {
        "offer_key": "us-east-1:gpu_8x_h100_sxm5",
        "instance_type": "gpu_8x_h100_sxm5",
        "region": "us-east-1",
        "country": "US",
        "pricing_model": "on_demand",
        "usd_per_hour": 31.92,
        "usd_per_gpu_hour": 3.99,
        "price_as_shown": "3192 cents",
        "currency": "USD",
        "gpu_as_shown": "H100 SXM5",
        "gpu_model": "H100",
        "gpu_is_known": True,
        "gpu_form_factor": "SXM",
        "gpu_memory_gib": 80,
        "gpu_count": 8,
        "vcpus": 208,
        "ram_gib": 1800,
        "disk_gib": 24780,
        "availability": "available",
    }
    germany = virginia | {
        "offer_key": "europe-central-1:gpu_8x_h100_sxm5",
        "region": "europe-central-1",
        "country": "DE",
    }
    assert found.in_full[:2] == [virginia, germany]
    assert not found.notes.counts


@pytest.mark.parametrize("place", ["instance_type", "specs"])
def test_a_field_that_the_api_adds_is_a_finding(
    payload: Callable[..., Json], answered: Any, place: str
) -> None:
    kind = H100["instance_type"]
    specs = kind["specs"] | ({"nvlink": True} if place == "specs" else {})
    added = kind | {"specs": specs} | ({"nvlink": True} if place == "instance_type" else {})
    found = answered(page.capacity, [payload({"data": {"a": H100 | {"instance_type": added}}})])
    assert len(found.rows) == 2
    assert found.notes.counts["new_field", "nvlink"] > 0


def test_a_type_without_a_region_is_sold_out(payload: Callable[..., Json], answered: Any) -> None:
    sold_out = answered(page.capacity, [payload({"data": {"b": GH200}})]).offers["gpu_1x_gh200"]
    assert (sold_out["availability"], sold_out.get("region")) == ("unavailable", None)


def test_an_empty_list_is_no_answer(payload: Callable[..., Json], answered: Any) -> None:
    with pytest.raises(PageBroken, match="lists no instance types"):
        answered(page.capacity, [payload({"data": {}})])


def test_the_real_page(captures_dir: Path, html: Callable[..., Html], answered: Any) -> None:
    text = (captures_dir / "lambda" / "pricing.2026-08.html").read_text(encoding="utf-8")
    instances = answered(page.instances, [html(text)])
    assert (len(instances.offers), instances.refused, instances.notes.counts) == (22, [], {})
    assert instances.offers["B200 SXM6 180GB x8"]["usd_per_gpu_hour"] == 6.69
    clusters = answered(page.clusters, [html(text)])
    assert sorted(row["usd_per_gpu_hour"] or 0 for row in clusters.offers.values()) == (
        [0, 0, 5.54, 5.85, 6.16, 8.87, 9.36, 9.86]
    )
