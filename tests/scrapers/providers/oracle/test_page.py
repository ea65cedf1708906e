import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scrapers.page import Json, PageBroken
from scrapers.providers.oracle import page


def item(part: str, name: str, value: Any, **fields: Any) -> dict[str, Any]:
    return {
        "partNumber": part,
        "displayName": name,
        "description": "words",
        "metricName": "GPU Per Hour",
        "serviceCategory": "Compute - GPU",
        "currencyCodeLocalizations": [
            {"currencyCode": "USD", "prices": [{"model": "PAY_AS_YOU_GO", "value": value}]}
        ],
        **fields,
    }


H100 = item("B98415", "Oracle Cloud Infrastructure - Compute - GPU - H100", 10)


def test_a_price_is_per_gpu_and_hour(payload: Callable[..., Json], answered: Any) -> None:
    found = answered(page.products, [payload({"items": [H100]})])
    assert found.in_full == [
        {
            "offer_key": "B98415",
            "instance_type": "Oracle Cloud Infrastructure - Compute - GPU - H100",
            "pricing_model": "on_demand",
            "usd_per_hour": 10,
            "usd_per_gpu_hour": 10,
            "price_as_shown": "10",
            "currency": "USD",
            "gpu_as_shown": "H100",
            "gpu_model": "H100",
            "gpu_is_known": True,
            "gpu_count": 1,
            "availability": "unknown",
        }
    ]
    assert not found.notes.counts


def test_licences_and_hardware_at_the_buyers_are_no_offers(
    payload: Callable[..., Json], answered: Any
) -> None:
    licence = item("B111824", "OCI - NVIDIA AI Enterprise - H100", 2.5)
    customer = item(
        "B110965",
        "Oracle Compute Cloud@Customer - Compute - GPU.L40S",
        3.5,
        serviceCategory="Compute Cloud@Customer",
    )
    node = item("B108806", "Oracle Cloud VMware Solution - BM.GPU.A10.64", 16, metricName="Node Per Hour")
    found = answered(page.products, [payload({"items": [licence, customer, node, H100]})])
    assert list(found.offers) == ["B98415"]


@pytest.mark.parametrize(
    ("name", "model", "memory"),
    [
        ("Compute - GPU - A100 - v2", "A100", 80),
        ("Compute - GPU - E3", "A100", 40),
        ("Compute - Bare Metal GPU Standard - X7", "P100", 16),
        ("Compute  - GPU - A10", "A10", 24),
        ("OCI- Compute - GPU - MI355X", "MI355X", 288),
    ],
)
def test_names_spelt_in_many_ways_are_one_vocabulary(
    payload: Callable[..., Json], answered: Any, name: str, model: str, memory: float
) -> None:
    row = answered(page.products, [payload({"items": [item("B1", name, 1)]})]).offers["B1"]
    assert (row["gpu_model"], row["gpu_memory_gib"], row["gpu_is_known"]) == (model, memory, True)


def test_zero_is_unknown_and_a_missing_price_is_refused(payload: Callable[..., Json], answered: Any) -> None:
    silent = item("B2", "Compute - GPU - A10", 1, currencyCodeLocalizations=[])
    found = answered(page.products, [payload({"items": [item("B1", "Compute - GPU - A10", 0), silent]})])
    assert found.offers["B1"]["usd_per_gpu_hour"] is None
    assert [refused.reason for refused in found.refused] == ["0 pay-as-you-go prices in USD"]


@pytest.mark.parametrize(
    "localizations",
    [None, [None], [{"currencyCode": "USD", "prices": [{"model": "PAY_AS_YOU_GO"}]}]],
)
def test_prices_built_otherwise_are_refused_alone(
    payload: Callable[..., Json], answered: Any, localizations: Any
) -> None:
    other = item("B2", "Compute - GPU - A10", 2, currencyCodeLocalizations=localizations)
    found = answered(page.products, [payload({"items": [H100, other]})])
    assert list(found.offers) == ["B98415"]
    assert [refused.reason.split(" (")[0] for refused in found.refused] == ["the prices are built otherwise"]


def test_a_part_listed_twice_is_one_offer_and_has_one_price(
    payload: Callable[..., Json], answered: Any
) -> None:
    dearer = item("B98415", "Oracle Cloud Infrastructure - Compute - GPU - H100", 11)
    found = answered(page.products, [payload({"items": [H100, H100, dearer]})])
    assert list(found.offers) == ["B98415"]
    assert [refused.reason for refused in found.refused] == ["B98415 has two prices, 10.0 and 11.0"]


@pytest.mark.parametrize("value", [{"items": []}, {"items": [None]}, {}, []])
def test_an_empty_list_is_no_answer(payload: Callable[..., Json], answered: Any, value: Any) -> None:
    with pytest.raises(PageBroken):
        answered(page.products, [payload(value)])


def test_the_real_list(captures_dir: Path, payload: Callable[..., Json], answered: Any) -> None:
    text = (captures_dir / "oracle" / "products_usd.gpu-rows.2026-08-22.json").read_text(encoding="utf-8")
    found = answered(page.products, [payload(json.loads(text))])
    assert (len(found.offers), found.refused) == (18, [])
    assert found.offers["B95907"]["usd_per_gpu_hour"] == 4.0
    assert set(found.notes.counts) == {("unknown_gpu", "H100T"), ("unknown_gpu", "E4")}
