import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scrapers.page import Capture, FetchRequest, Html, Json, Notes, PageBroken
from scrapers.providers.azure import page

AT = datetime(2026, 11, 20, 3, 17, tzinfo=UTC)


def item(price: float, size: str = "ND96isr_H100_v5", **fields: Any) -> dict[str, Any]:
    return {
        "currencyCode": "USD",
        "retailPrice": price,
        "armRegionName": "eastus",
        "meterName": size,
        "productName": "Virtual Machines NDsr H100 v5 Series",
        "skuName": size,
        "unitOfMeasure": "1 Hour",
        "type": "Consumption",
        "armSkuName": f"Standard_{size}",
        **fields,
    }


@pytest.fixture
def read(payload: Callable[..., Json], answered: Any) -> Callable[..., Any]:
    return lambda *items: answered(page.retail, [payload({"Items": list(items)})])


# What stands beside the price in every record.
BESIDE = {
    "unitPrice": 98.32,
    "tierMinimumUnits": 0.0,
    "location": "US East",
    "effectiveStartDate": "2026-01-01T00:00:00Z",
    "effectiveEndDate": None,
    "meterId": "00000000-0000-0000-0000-000000000001",
    "productId": "DZH000000001",
    "skuId": "DZH000000001/0001",
    "serviceName": "Virtual Machines",
    "serviceId": "DZH000000000",
    "serviceFamily": "Compute",
    "isPrimaryMeterRegion": True,
    "savingsPlan": [{"term": "1 Year", "unitPrice": 70.1, "retailPrice": 70.1}],
}


def test_a_price_is_for_the_machine(read: Callable[..., Any]) -> None:
    found = read(item(98.32, **BESIDE))
    assert found.in_full == [
        {
            "offer_key": "eastus:ND96isr_H100_v5",
            "instance_type": "ND96isr_H100_v5",
            "region": "eastus",
            "country": "US",
            "pricing_model": "on_demand",
            "usd_per_hour": 98.32,
            "usd_per_gpu_hour": 12.29,
            "price_as_shown": "98.32",
            "currency": "USD",
            "gpu_as_shown": "H100 SXM",
            "gpu_model": "H100",
            "gpu_is_known": True,
            "gpu_form_factor": "SXM",
            "gpu_memory_gib": 80,
            "gpu_count": 8,
            "vcpus": 96,
            "availability": "unknown",
        }
    ]
    assert (found.refused, found.notes.counts) == ([], {})


def test_spot_is_said_by_a_name(read: Callable[..., Any]) -> None:
    found = read(item(98.32), item(29.5, skuName="ND96isrH100v5 Spot"))
    assert sorted((row.values["pricing_model"], row.values["usd_per_hour"]) for row in found.rows) == [
        ("on_demand", 98.32),
        ("spot", 29.5),
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "Reservation", "retailPrice": 551221.0, "reservationTerm": "1 Year"},
        {"type": "DevTestConsumption"},
        {"skuName": "ND96isr Low Priority"},
        {"meterName": "ND96isr Low Priority"},
        {"productName": "Virtual Machines NDsr H100 v5 Series Windows"},
        {"productName": "NDsr H100 v5 Series Cloud Services"},
        {"productName": "NDsr H100 v5 Dedicated Host"},
        {"armSkuName": ""},
    ],
    ids=lambda fields: "-".join(map(str, fields.values())),
)
def test_what_is_not_sold_by_the_hour_for_linux_is_left_out(
    read: Callable[..., Any], fields: dict[str, Any]
) -> None:
    found = read(item(98.32), item(1.0, "ND96is_H100_v5", **fields))
    assert list(found.offers) == ["eastus:ND96isr_H100_v5"]
    assert not found.refused


def test_a_price_of_zero_is_a_price_not_known(read: Callable[..., Any]) -> None:
    assert read(item(0.0)).offers["eastus:ND96isr_H100_v5"]["usd_per_gpu_hour"] is None


def test_a_row_met_twice_counts_once_and_two_prices_are_not_chosen_between(read: Callable[..., Any]) -> None:
    found = read(item(98.32), item(98.32), item(90.0))
    assert len(found.offers) == 1
    assert [refused.reason for refused in found.refused] == [
        "eastus:ND96isr_H100_v5 on_demand has two prices, 98.32 and 90.0"
    ]


def test_a_part_of_a_gpu_is_left_out_and_an_unknown_size_reported(read: Callable[..., Any]) -> None:
    found = read(item(98.32), item(0.45, "NV6ads_A10_v5"), item(5.0, "ND1_X9_v9"))
    assert len(found.offers) == 1
    assert dict(found.notes.counts) == {("unknown_instance_type", "ND1_X9_v9"): 1}


def test_another_unit_is_refused(read: Callable[..., Any]) -> None:
    found = read(item(98.32), item(7000.0, "ND96is_H100_v5", unitOfMeasure="1/Month"))
    assert [refused.reason for refused in found.refused] == [
        "priced in USD per 1/Month, expected USD per 1 Hour"
    ]


def test_an_empty_list_is_no_answer(payload: Callable[..., Json], answered: Any) -> None:
    for value in ({"Items": []}, {"Items": ["no record"]}, {"error": "no"}):
        with pytest.raises(PageBroken):
            answered(page.retail, [payload(value)])


def test_a_family_without_prices_is_no_answer_though_the_others_have_some() -> None:
    def family(label: str, *items: dict[str, Any]) -> Json:
        capture = Capture("azure.retail", "https://x/", AT, 200, "application/json", b"", label=label)
        return Json(capture, {"Items": list(items)})

    full = [family("ND", item(98.32)), family("ND")]
    assert len(list(page.retail(list(full), Notes()))) == 1
    with pytest.raises(PageBroken, match="no page lists a price of NC"):
        list(page.retail([family("NC"), *full], Notes()))


@pytest.mark.parametrize("name", ["skuName", "meterName", "armRegionName"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_record_without_its_names_is_refused_alone(
    read: Callable[..., Any], name: str, value: str | None
) -> None:
    found = read(item(98.32), item(88.488, "ND96is_H100_v5", **{name: value}))
    assert list(found.offers) == ["eastus:ND96isr_H100_v5"]
    assert [refused.reason for refused in found.refused] == [f"field {name} holds {value!r}, not words"]
    assert not found.notes.counts


def test_the_walk_follows_the_link_without_its_port(payload: Callable[..., Json]) -> None:
    link = "https://prices.azure.com:443/api/retail/prices?$skip=1000"
    first = payload({"Items": [], "NextPageLink": link})
    (further,) = page.retail.follow(FetchRequest("https://prices.azure.com/", "ND"), first)
    assert (further.url, further.label) == ("https://prices.azure.com/api/retail/prices?$skip=1000", "ND")
    assert list(page.retail.follow(further, payload({"Items": [], "NextPageLink": None}))) == []


def test_the_real_excerpt(captures_dir: Path, payload: Callable[..., Json], answered: Any) -> None:
    text = (captures_dir / "azure" / "azure_retail_eastus_nd.2026-07-27.json").read_text(encoding="utf-8")
    found = answered(page.retail, [payload(json.loads(text))])
    prices = {
        (row.values["offer_key"], row.values["pricing_model"]): row.values["usd_per_hour"]
        for row in found.rows
    }
    assert prices == {
        ("eastus:ND96isr_H100_v5", "on_demand"): 98.32,
        ("eastus:ND96is_H100_v5", "on_demand"): 88.488,
        ("eastus:ND96asr_v4", "spot"): 5.98334,
    }
    assert (found.refused, found.notes.counts) == ([], {})


def test_the_free_account_is_read_from_its_words(html: Callable[..., Html], answered: Any) -> None:
    found = answered(page.free_account, [html("<p>Get $200 credit to use within 30 days.</p>")]).terms
    assert found["Free account", "credit_usd"]["value_number"] == 200
    assert found["Free account", "credit_days"]["value_number"] == 30
    assert found["Free account", "requires_card"]["state"] == "unknown"
    with pytest.raises(PageBroken):
        answered(page.free_account, [html("<p>Welcome.</p>")])
