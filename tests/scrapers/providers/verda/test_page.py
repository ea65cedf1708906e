import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scrapers.page import Html, PageBroken
from scrapers.providers.verda import page

KINDS = {"on-demand": "Hourly on-demand instance price", "spot": "Hourly spot instance price"}


def item(name: str, price: float, **fields: Any) -> dict[str, Any]:
    return {
        "@type": "Offer",
        "name": name,
        "description": KINDS[name.rsplit(" ", 1)[-1]],
        "price": price,
        "priceCurrency": "USD",
        "priceSpecification": {"unitText": "hour"},
        **fields,
    }


@pytest.fixture
def read(html: Callable[..., Html], answered: Any) -> Callable[..., Any]:
    def read(*items: dict[str, Any]) -> Any:
        graph = json.dumps({"@graph": [{"@type": "Organization"}, *items]})
        return answered(page.instances, [html(f'<script type="application/ld+json">{graph}</script>')])

    return read


def test_a_price_is_for_the_instance(read: Callable[..., Any]) -> None:
    found = read(item("8x H100 SXM5 80GB on-demand", 26), item("1x H100 SXM5 80GB spot", 1.625))
    eight = found.offers["8x H100 SXM5 80GB"]
    assert (eight["usd_per_hour"], eight["usd_per_gpu_hour"], eight["gpu_form_factor"]) == (26, 3.25, "SXM")
    assert found.offers["1x H100 SXM5 80GB"]["pricing_model"] == "spot"


def test_a_confidential_machine_is_the_same_gpu_under_a_key_of_its_own(read: Callable[..., Any]) -> None:
    found = read(item("1x B200 SXM6 180GB on-demand", 6.11), item("1x B200 CC SXM6 180GB on-demand", 6.232))
    assert {row["gpu_model"] for row in found.offers.values()} == {"B200"}
    assert len(found.offers) == 2


def test_what_is_no_gpu_instance_is_left_out(read: Callable[..., Any]) -> None:
    cluster = item("8x H100 SXM5 80GB on-demand", 999, description="Hourly instant cluster price")
    found = read(item("1x L40S 48GB spot", 0.685), item(" on-demand", 0.048), cluster)
    assert list(found.offers) == ["1x L40S 48GB"]


def test_two_prices_of_one_instance_are_not_chosen_between(read: Callable[..., Any]) -> None:
    found = read(
        item("1x L40S 48GB spot", 0.685), item("1x L40S 48GB spot", 0.685), item("1x L40S 48GB spot", 0.7)
    )
    assert (len(found.offers), [r.reason for r in found.refused]) == (
        1,
        ["1x L40S 48GB spot has two prices, 0.685 and 0.7"],
    )


def test_a_name_that_is_spelt_otherwise_is_refused_and_not_dropped(read: Callable[..., Any]) -> None:
    found = read(item("1x L40S 48GB spot", 0.685), item("1x L40S 48 GB spot", 0.7))
    assert [refused.reason for refused in found.refused] == [
        "'1x L40S 48 GB spot' names no GPU and memory that can be told apart"
    ]


def test_another_currency_is_refused(read: Callable[..., Any]) -> None:
    assert len(read(item("1x L40S 48GB spot", 0.685, priceCurrency="EUR")).refused) == 1


def test_a_page_without_structured_data_is_broken(html: Callable[..., Html], answered: Any) -> None:
    for text in ("<p>Pricing</p>", '<script type="application/ld+json">{</script>'):
        with pytest.raises(PageBroken):
            answered(page.instances, [html(text)])


def test_a_row_in_full(read: Callable[..., Any]) -> None:
    linked = {
        "@id": "https://verda.com/pricing#2a100",
        "url": "https://verda.com/pricing",
        "availability": "https://schema.org/InStock",
    }
    found = read(item("2x A100 SXM4 40GB spot", 0.6, **linked))
    assert found.in_full == [
        {
            "offer_key": "2x A100 SXM4 40GB",
            "instance_type": "2x A100 SXM4 40GB",
            "pricing_model": "spot",
            "usd_per_hour": 0.6,
            "usd_per_gpu_hour": 0.3,
            "price_as_shown": "0.6",
            "currency": "USD",
            "gpu_as_shown": "A100 SXM4",
            "gpu_model": "A100",
            "gpu_is_known": True,
            "gpu_form_factor": "SXM",
            "gpu_memory_gib": 40,
            "gpu_count": 2,
            "availability": "unknown",
        }
    ]
    assert (found.refused, found.notes.counts) == ([], {})


def test_what_is_sold_on_demand_says_so(read: Callable[..., Any]) -> None:
    found = read(item("1x H100 SXM5 80GB on-demand", 2.29), item("1x H100 SXM5 80GB spot", 0.8))
    assert [(row["pricing_model"], row["usd_per_hour"]) for row in found.in_full] == [
        ("on_demand", 2.29),
        ("spot", 0.8),
    ]


def test_the_real_page(captures_dir: Path, html: Callable[..., Html], answered: Any) -> None:
    text = (captures_dir / "verda" / "pricing_jsonld.2026-08.html").read_text(encoding="utf-8")
    found = answered(page.instances, [html(text)])
    models = [row.values["pricing_model"] for row in found.rows]
    assert (models.count("on_demand"), models.count("spot"), found.refused) == (15, 15, [])
    assert all(row.values["gpu_is_known"] for row in found.rows)
