from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scrapers.formats.html_table import HtmlTable
from scrapers.formats.price_table import PriceTable
from scrapers.page import Capture, Html, PageBroken
from scrapers.registry import source

SPACES = PriceTable().page(source("huggingface.spaces"))
AT = datetime(2026, 11, 20, 3, 17, tzinfo=UTC)
TABLE = """# Spaces hardware

| **Hardware** | **CPU** | **Memory** | **GPU Memory** | **Disk** | **Hourly Price** |
|---|---|---|---|---|---|
| CPU Basic | 2 vCPU | 16 GB | - | 50 GB | Free! |
| Nvidia T4 - small | 4 vCPU | 15 GB | 16 GB | 50 GB | $0.40 |
| 4x Nvidia L4 | 48 vCPU | 186 GB | 96 GB | 3200 GB | $3.80 |
| ~~Nvidia H100~~ *(removed)* | | | | | |
| Nvidia Z9 - large | 4 vCPU | 15 GB | 16 GB | 50 GB | from $9 |
"""


def markdown(text: str) -> Html:
    url = "https://huggingface.co/docs/hub/spaces-gpus.md"
    return HtmlTable().opened(Capture("huggingface.spaces", url, AT, 200, "text/markdown", text.encode()))


def test_a_price_is_for_the_machine_and_memory_is_shared_out(answered: Any) -> None:
    found = answered(SPACES, [markdown(TABLE)])
    four = found.offers["4x Nvidia L4"]
    assert (four["gpu_count"], four["usd_per_gpu_hour"], four["gpu_memory_gib"]) == (4, 0.95, 24)
    assert (found.offers["Nvidia T4 - small"]["gpu_model"], len(found.offers)) == ("T4", 2)
    assert len(found.refused) == 1


def test_a_page_without_hardware_is_broken(answered: Any) -> None:
    with pytest.raises(PageBroken):
        answered(SPACES, [markdown("# Spaces\n\nSoon.\n")])


def test_two_rows_in_full(answered: Any) -> None:
    small, four = answered(SPACES, [markdown(TABLE)]).in_full
    assert small == {
        "offer_key": "Nvidia T4 - small",
        "instance_type": "Nvidia T4 - small",
        "pricing_model": "on_demand",
        "usd_per_hour": 0.4,
        "usd_per_gpu_hour": 0.4,
        "price_as_shown": "$0.40",
        "currency": "USD",
        "gpu_as_shown": "Nvidia T4",
        "gpu_model": "T4",
        "gpu_is_known": True,
        "gpu_form_factor": "PCIe",
        "gpu_memory_gib": 16,
        "gpu_count": 1,
        "vcpus": 4,
        "ram_gib": 15,
        "disk_gib": 50,
        "availability": "unknown",
    }
    assert four == small | {
        "offer_key": "4x Nvidia L4",
        "instance_type": "4x Nvidia L4",
        "usd_per_hour": 3.8,
        "usd_per_gpu_hour": 0.95,
        "price_as_shown": "$3.80",
        "gpu_as_shown": "Nvidia L4",
        "gpu_model": "L4",
        "gpu_memory_gib": 24,
        "gpu_count": 4,
        "vcpus": 48,
        "ram_gib": 186,
        "disk_gib": 3200,
    }
    assert TABLE.count("Nvidia") == 4


@pytest.mark.parametrize("shown", ["$288 per month", "$0.40 / minute"])
def test_a_price_of_another_period_is_refused(answered: Any, shown: str) -> None:
    found = answered(SPACES, [markdown(TABLE.replace("$0.40", shown))])
    assert list(found.offers) == ["4x Nvidia L4"]


@pytest.mark.parametrize("name", ["2025-10-13", "2025-12-16", "2026-07-21"])
def test_the_real_pages(captures_dir: Path, answered: Callable[..., Any], name: str) -> None:
    text = (captures_dir / "huggingface" / f"spaces-gpus.{name}.md").read_text(encoding="utf-8")
    found = answered(SPACES, [markdown(text)])
    assert (len(found.offers), found.refused, found.notes.counts) == (14, [], {})
    assert found.offers["Nvidia A100 - large"]["usd_per_gpu_hour"] == 2.5
