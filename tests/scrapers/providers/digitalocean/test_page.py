from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scrapers.formats.price_table import PriceTable
from scrapers.page import Html, PageBroken
from scrapers.registry import source

DROPLETS = PriceTable().page(source("digitalocean.droplets"))
ON_DEMAND = "<h2>On-Demand GPU Droplet Pricing <a href='#a'>#</a></h2>"
SPOT = "<h2>Spot GPU Droplet Pricing <span>public</span></h2>"
HEAD = "<thead><tr><th>GPU</th><th>Price</th></tr></thead>"


def table(*rows: tuple[str, str]) -> str:
    body = "".join(f"<tr><td>{name}</td><td>{price}</td></tr>" for name, price in rows)
    return f"<table>{HEAD}<tbody>{body}</tbody></table>"


def test_a_price_is_for_the_droplet_and_spot_stands_apart(html: Callable[..., Html], answered: Any) -> None:
    text = (
        ON_DEMAND
        + table(("NVIDIA H100", "$4.41 per hour"), ("NVIDIA H100 (8x)", "$35.28 per hour"))
        + SPOT
        + table(("NVIDIA B300, air-cooled (8x)", "$89.52 per hour"))
    )
    found = answered(DROPLETS, [html(text)])
    assert found.in_full[1] == {
        "offer_key": "NVIDIA H100 (8x)",
        "instance_type": "NVIDIA H100 (8x)",
        "pricing_model": "on_demand",
        "usd_per_hour": 35.28,
        "usd_per_gpu_hour": 4.41,
        "price_as_shown": "$35.28 per hour",
        "currency": "USD",
        "gpu_as_shown": "NVIDIA H100",
        "gpu_model": "H100",
        "gpu_is_known": True,
        "gpu_count": 8,
        "availability": "unknown",
    }
    spot = found.offers["NVIDIA B300, air-cooled (8x)"]
    assert (spot["gpu_model"], spot["usd_per_gpu_hour"], spot["pricing_model"]) == ("B300", 11.19, "spot")
    assert not found.notes.counts


def test_rtx_numbers_are_the_ada_cards_here(html: Callable[..., Html], answered: Any) -> None:
    text = ON_DEMAND + table(("NVIDIA RTX 4000", "$0.76 per hour"), ("NVIDIA RTX 6000", "$1.57 per hour"))
    found = answered(DROPLETS, [html(text)]).offers
    assert [(row["gpu_model"], row["gpu_memory_gib"]) for row in found.values()] == [
        ("RTX 4000 Ada", 20),
        ("RTX 6000 Ada", 48),
    ]
    assert found["NVIDIA RTX 4000"]["gpu_as_shown"] == "NVIDIA RTX 4000"


@pytest.mark.parametrize("shown", ["$268.00 per month", "from $4.41 per hour", "Contact us"])
def test_what_is_no_hourly_price_is_refused(html: Callable[..., Html], answered: Any, shown: str) -> None:
    found = answered(DROPLETS, [html(ON_DEMAND + table(("NVIDIA H100", shown)))])
    assert (found.rows, len(found.refused)) == ([], 1)


def test_a_table_sold_in_an_unknown_way_is_reported_and_not_guessed(
    html: Callable[..., Html], answered: Any
) -> None:
    text = ON_DEMAND + table(("NVIDIA H100", "$4.41 per hour"))
    reserved = "<h2>Reserved GPUs</h2>" + table(("NVIDIA H100", "$1.99 per hour"))
    found = answered(DROPLETS, [html(text + reserved)])
    assert list(found.offers) == ["NVIDIA H100"]
    assert found.notes.counts["new_field", "table 'Reserved GPUs'"] == 1


@pytest.mark.parametrize("text", ["<p>Soon.</p>", ON_DEMAND + table()])
def test_a_page_without_rows_is_broken(html: Callable[..., Html], answered: Any, text: str) -> None:
    with pytest.raises(PageBroken, match=r"no table with the columns GPU, Price|is empty"):
        answered(DROPLETS, [html(text)])


def test_the_real_page(captures_dir: Path, html: Callable[..., Html], answered: Any) -> None:
    name = "droplets_pricing.gpu-sections.excerpt.2026-08-22.html"
    text = (captures_dir / "digitalocean" / name).read_text(encoding="utf-8")
    found = answered(DROPLETS, [html(text)])
    models = [row["pricing_model"] for row in found.offers.values()]
    assert (models.count("on_demand"), models.count("spot")) == (11, 8)
    assert (found.refused, found.notes.counts) == ([], {})
    assert all(row["gpu_is_known"] for row in found.offers.values())
