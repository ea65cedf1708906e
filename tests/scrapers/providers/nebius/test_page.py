import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scrapers.page import Html, PageBroken
from scrapers.providers.nebius import page

HEADERS = ["Item", "vCPUs", "RAM, GB", "Preemptible, GPU-hour", "On-demand, GPU-hour"]


@pytest.fixture
def read(html: Callable[..., Html], answered: Any) -> Callable[..., Any]:
    def read(*rows: list[str], headers: list[str] = HEADERS) -> Any:
        block = {"title": "NVIDIA GPU Instances", "description": "", "table": {"content": [headers, *rows]}}
        other = {"title": "CPU-only instances", "table": {"content": [["Item", "Price"], ["AMD", "$1"]]}}
        text = json.dumps([block, other], ensure_ascii=False, separators=(",", ":")).replace('"', '\\"')
        return answered(page.prices, [html(f'<script>self.push("{text}")</script>')])

    return read


def test_columns_go_by_their_headers(read: Callable[..., Any]) -> None:
    found = read(["NVIDIA HGX H100", "16", "200", "$2.15", "$3.85"])
    prices = {row.values["pricing_model"]: row.values["usd_per_gpu_hour"] for row in found.rows}
    assert prices == {"spot": 2.15, "on_demand": 3.85}
    assert found.rows[0].values["gpu_form_factor"] == "SXM"


def test_a_price_that_is_not_stated_is_unknown(read: Callable[..., Any]) -> None:
    found = read(["NVIDIA GB200 NVL72", "112", "800", "––", "[Contact us](#form)"])
    assert [row.values["usd_per_gpu_hour"] for row in found.rows] == [None, None]


def test_the_least_of_a_range_is_no_price(read: Callable[..., Any]) -> None:
    found = read(["NVIDIA L40S with AMD CPU", "8-40", "32-160", "from $0.74", "from $1.55"])
    assert (found.rows, len(found.refused)) == ([], 1)


def test_other_columns_are_a_changed_page(read: Callable[..., Any], html: Any, answered: Any) -> None:
    with pytest.raises(PageBroken, match="other columns"):
        read(["NVIDIA HGX H100", "$3"], headers=["Item", "Price"])
    with pytest.raises(PageBroken, match="no block"):
        answered(page.prices, [html("<p>Prices</p>")])


def test_two_rows_in_full(read: Callable[..., Any]) -> None:
    found = read(
        ["NVIDIA HGX H200", "16", "200", "$2.30", "$3.50"],
        ["NVIDIA L40S with Intel CPU", "8", "32", "–", "$1.55"],
    )
    h200 = {
        "offer_key": "NVIDIA HGX H200",
        "instance_type": "NVIDIA HGX H200",
        "gpu_as_shown": "NVIDIA HGX H200",
        "gpu_model": "H200",
        "gpu_is_known": True,
        "gpu_form_factor": "SXM",
        "gpu_memory_gib": 141,
        "gpu_count": 1,
        "currency": "USD",
        "availability": "unknown",
    }
    l40s = h200 | {
        "offer_key": "NVIDIA L40S with Intel CPU",
        "instance_type": "NVIDIA L40S with Intel CPU",
        "gpu_as_shown": "NVIDIA L40S with Intel CPU",
        "gpu_model": "L40S",
        "gpu_form_factor": "PCIe",
        "gpu_memory_gib": 48,
    }
    assert found.in_full == [
        h200 | priced("spot", "$2.30", 2.3),
        h200 | priced("on_demand", "$3.50", 3.5),
        l40s | {"pricing_model": "spot", "price_as_shown": "–"},
        l40s | priced("on_demand", "$1.55", 1.55),
    ]
    assert (found.refused, found.notes.counts) == ([], {})


def priced(pricing_model: str, shown: str, price: float) -> dict[str, Any]:
    return {
        "pricing_model": pricing_model,
        "price_as_shown": shown,
        "usd_per_hour": price,
        "usd_per_gpu_hour": price,
    }


@pytest.mark.parametrize("shown", ["$2,500 per month", "$3 / day"])
def test_a_price_of_another_period_is_refused(read: Callable[..., Any], shown: str) -> None:
    found = read(["NVIDIA HGX H100", "16", "200", "$2.15", shown])
    assert [row.values["pricing_model"] for row in found.rows] == []
    assert len(found.refused) == 1


def test_the_real_fragment(captures_dir: Path, html: Callable[..., Html], answered: Any) -> None:
    text = (captures_dir / "nebius" / "prices.2026-08.html").read_text(encoding="utf-8")
    found = answered(page.prices, [html(text)])
    on_demand = {
        row.values["offer_key"]: row.values["usd_per_gpu_hour"]
        for row in found.rows
        if row.values["pricing_model"] == "on_demand"
    }
    assert on_demand == {
        "NVIDIA GB300 NVL72": None,
        "NVIDIA HGX B300": 7.85,
        "NVIDIA GB200 NVL72": None,
        "NVIDIA HGX B200": 7.15,
        "NVIDIA HGX H200": 4.5,
        "NVIDIA HGX H100": 3.85,
        "NVIDIA RTX PRO 6000": 1.8,
    }
    assert len(found.refused) == 2
    assert all(row.values["gpu_is_known"] for row in found.rows)
