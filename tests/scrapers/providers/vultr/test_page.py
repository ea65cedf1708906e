import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scrapers.page import Json, PageBroken
from scrapers.providers.vultr import page


def cloud(name: str, vram: int, hourly: float, **fields: Any) -> dict[str, Any]:
    return {
        "id": name,
        "vcpu_count": 12,
        "ram": 122880,
        "disk": 1400,
        "disk_count": 1,
        "hourly_cost": hourly,
        "locations": ["ewr"],
        "gpu_vram_gb": vram,
        "gpu_type": "NVIDIA_A100",
        **fields,
    }


METAL = {
    "id": "vbm-256c-2048gb-8-mi300x-gpu",
    "cpu_threads": 256,
    "ram": 2097152,
    "disk": 3576,
    "disk_count": 8,
    "hourly_cost": 17.52,
    "hourly_cost_preemptible": 14.72,
    "locations": ["ord"],
}


@pytest.fixture
def read(payload: Callable[..., Json], answered: Any) -> Callable[..., Any]:
    return lambda *values: answered(page.plans, [payload(value) for value in values])


def test_a_price_is_for_the_plan_and_its_memory_tells_its_gpus(read: Callable[..., Any]) -> None:
    found = read({"plans": [cloud("two", 160, 4.794), cloud("part", 40, 1.397)]})
    (row,) = found.offers.values()
    assert (row["offer_key"], row["gpu_count"], row["usd_per_gpu_hour"]) == ("ewr:two", 2, 2.397)
    assert (row["ram_gib"], row["country"], row["availability"]) == (120, "US", "available")


def test_bare_metal_names_its_gpus_in_its_id_and_is_sold_two_ways(read: Callable[..., Any]) -> None:
    found = read({"plans_metal": [METAL]})
    prices = {row.values["pricing_model"]: row.values["usd_per_gpu_hour"] for row in found.rows}
    assert prices == {"on_demand": 2.19, "spot": 1.84}
    row = found.rows[0].values
    assert (row["gpu_model"], row["gpu_count"], row["disk_gib"]) == ("MI300X", 8, 28608)


def test_a_plan_without_a_location_is_sold_nowhere(read: Callable[..., Any]) -> None:
    assert read({"plans": [cloud("a", 80, 2.4, locations=[])]}).rows == []


def test_lists_without_whole_gpus_are_no_answer(read: Callable[..., Any]) -> None:
    with pytest.raises(PageBroken):
        read({"plans": []}, {"error": "no"})


# A plan of each list with every field that the API states.
A100 = cloud(
    "vcg-a100-24c-240g-160vram",
    160,
    4.794,
    vcpu_count=24,
    ram=245760,
    monthly_cost=3500,
    bandwidth=20480,
    disk_type="NVMe",
    type="vcg",
    invoice_type="hourly",
    deploy_ondemand=True,
    deploy_preemptible=False,
)
MI300X = METAL | {
    "physical_cpus": 2,
    "cpu_count": 2,
    "cpu_cores": 128,
    "cpu_manufacturer": "AMD",
    "cpu_model": "EPYC 9534",
    "cpu_mhz": 2450,
    "disk_type": "NVMe",
    "bandwidth": 10240,
    "monthly_cost": 12789.6,
    "monthly_cost_preemptible": 10745.6,
    "invoice_type": "hourly",
    "type": "NVMe",
    "deploy_ondemand": True,
    "deploy_preemptible": True,
}


def test_plans_of_both_lists_in_full(read: Callable[..., Any]) -> None:
    found = read({"plans": [A100]}, {"plans_metal": [MI300X]})
    metal = {
        "offer_key": "ord:vbm-256c-2048gb-8-mi300x-gpu",
        "instance_type": "vbm-256c-2048gb-8-mi300x-gpu",
        "region": "ord",
        "country": "US",
        "availability": "available",
        "currency": "USD",
        "gpu_as_shown": "mi300x",
        "gpu_model": "MI300X",
        "gpu_is_known": True,
        "gpu_form_factor": "OAM",
        "gpu_memory_gib": 192,
        "gpu_count": 8,
        "vcpus": 256,
        "ram_gib": 2048,
        "disk_gib": 28608,
    }
    assert found.in_full == [
        {
            "offer_key": "ewr:vcg-a100-24c-240g-160vram",
            "instance_type": "vcg-a100-24c-240g-160vram",
            "region": "ewr",
            "country": "US",
            "pricing_model": "on_demand",
            "usd_per_hour": 4.794,
            "usd_per_gpu_hour": 2.397,
            "price_as_shown": "4.794",
            "availability": "available",
            "currency": "USD",
            "gpu_as_shown": "A100 PCIe 80GB",
            "gpu_model": "A100",
            "gpu_is_known": True,
            "gpu_form_factor": "PCIe",
            "gpu_memory_gib": 80,
            "gpu_count": 2,
            "vcpus": 24,
            "ram_gib": 240,
            "disk_gib": 1400,
        },
        metal
        | {
            "pricing_model": "on_demand",
            "usd_per_hour": 17.52,
            "usd_per_gpu_hour": 2.19,
            "price_as_shown": "17.52",
        },
        metal
        | {
            "pricing_model": "spot",
            "usd_per_hour": 14.72,
            "usd_per_gpu_hour": 1.84,
            "price_as_shown": "14.72",
        },
    ]
    assert (found.refused, found.notes.counts) == ([], {})


def test_the_real_excerpts(captures_dir: Path, read: Callable[..., Any]) -> None:
    values = [
        json.loads((captures_dir / "vultr" / f"{name}.trimmed.json").read_text(encoding="utf-8"))
        for name in ("plans", "plans-metal")
    ]
    found = read(*values)
    assert sorted(
        (row.values["offer_key"], row.values["pricing_model"], row.values["usd_per_hour"])
        for row in found.rows
    ) == [
        ("ewr:vcg-a100-12c-120g-80vram", "on_demand", 2.397),
        ("ord:vbm-256c-2048gb-8-mi300x-gpu", "on_demand", 17.52),
        ("ord:vbm-256c-2048gb-8-mi300x-gpu", "spot", 14.72),
        ("sea:vbm-112c-2048gb-8-h100-gpu", "on_demand", 23.92),
        ("sea:vbm-112c-2048gb-8-h100-gpu", "spot", 18.4),
    ]
    assert (found.refused, found.notes.counts) == ([], {})


def test_one_gpu_of_bare_metal_has_no_count_and_an_unknown_gpu_is_reported(read: Callable[..., Any]) -> None:
    single = {**METAL, "id": "vbm-72c-480gb-gh200-gpu"}
    plans = [cloud("a", 80, 2.4), cloud("b", 80, 9, gpu_type="Z9")]
    found = read({"plans_metal": [single]}, {"plans": plans})
    assert {row.values["gpu_count"] for row in found.rows} == {1}
    assert {row.values["gpu_model"] for row in found.rows} == {"GH200", "A100"}
    assert found.notes.counts["unknown_gpu", "Z9"] > 0


def test_one_empty_list_is_no_answer_even_beside_a_full_one(read: Callable[..., Any]) -> None:
    with pytest.raises(PageBroken, match="lists no plans"):
        read({"plans": [cloud("a", 80, 2.4)]}, {"plans_metal": []})
