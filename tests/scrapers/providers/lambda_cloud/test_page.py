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
    eight = found.offers["A100 SXM 80GB x8"]
    assert (eight["gpu_count"], eight["usd_per_gpu_hour"], eight["usd_per_hour"]) == (8, 2.79, 22.32)
    assert (eight["gpu_form_factor"], eight["gpu_memory_gib"], eight["ram_gib"]) == ("SXM", 80, 1800)
    assert eight["disk_gib"] == 19968
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
    virginia = offers["us-east-1:gpu_8x_h100_sxm5"]
    assert (virginia["usd_per_hour"], virginia["usd_per_gpu_hour"]) == (31.92, 3.99)
    assert (virginia["gpu_model"], virginia["gpu_form_factor"], virginia["country"]) == ("H100", "SXM", "US")
    assert virginia["availability"] == "available"
    assert not found.notes.counts


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
