"""Azure in the demo, from night 50 on: three regions, two pages for the NC family, spot that moves in steps.

Reservations, Windows and Low Priority rows are among them, as in the real list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from scrapers.simulation import Answer, SimulatedNight, level

SOURCE = "azure.retail"
JOINS = 50
_FILTER = (
    "serviceName eq 'Virtual Machines' and priceType eq 'Consumption' and contains(armSkuName, 'Standard_"
)
_URL = "https://prices.azure.com/api/retail/prices?api-version=2023-01-01-preview&currencyCode=USD&$filter="
_FREE_PAGE = (
    "<html><body><p>Simulated page: written for the gpuledger demo.</p>"
    "<h1>Build in the cloud</h1><p>Get $200 credit to use within 30 days.</p></body></html>"
)
_REGIONS = {"eastus": 1.0, "westeurope": 1.12, "japaneast": 1.25}
# Family -> size -> USD per hour on demand and spot in eastus.
_SIZES = {
    "NC": {
        "NC4as_T4_v3": (0.526, 0.0789),
        "NC64as_T4_v3": (4.352, 0.6528),
        "NC24ads_A100_v4": (3.673, 0.6978),
        "NC96ads_A100_v4": (14.692, 2.7915),
        "NC40ads_H100_v5": (6.98, 1.7447),
        "NC6s_v3": (3.06, 0.7956),
    },
    "ND": {"ND96asr_v4": (27.197, 5.98334), "ND96isr_H100_v5": (98.32, 29.496)},
    "NV": {"NV36ads_A10_v5": (3.2, 0.64), "NV12s_v3": (1.14, 0.2155)},
}


def answers(night: SimulatedNight) -> Iterator[Answer]:
    """What the API answers in one night, page by page."""
    if night.index < JOINS:
        return
    yield Answer(SOURCE, "https://prices.azure.com/robots.txt", b"not found", "text/plain", status=404)
    free = "azure.free_account"
    yield Answer(free, "https://azure.microsoft.com/robots.txt", b"User-agent: *\nAllow: /\n", "text/plain")
    yield Answer(free, "https://azure.microsoft.com/free/", _FREE_PAGE.encode(), "text/html")
    for family in _SIZES:
        items = list(_items(family, night.index))
        url = f"{_URL}{_FILTER}{family}')"
        half = len(items) // 2 if family == "NC" else len(items)
        further = f"{url}&$skip={half}" if half < len(items) else None
        yield _answer(url, items[:half], further and further.replace(".com/", ".com:443/"))
        if further:
            yield _answer(further, items[half:], None)


def _answer(url: str, items: list[dict[str, Any]], further: str | None) -> Answer:
    body = {"BillingCurrency": "USD", "Items": items, "NextPageLink": further, "Count": len(items)}
    return Answer(SOURCE, url, json.dumps(body).encode(), "application/json")


def _items(family: str, night: int) -> Iterator[dict[str, Any]]:
    for region, dearer in _REGIONS.items():
        for size, (on_demand, spot) in _SIZES[family].items():
            moved = level(f"azure {region} {size}", night, spread=0.1, chance=0.03, step=0.15)
            yield _item(region, size, size, on_demand * dearer)
            yield _item(region, size, f"{size} Spot", spot * dearer * moved)
            yield _item(region, size, f"{size} Low Priority", on_demand * dearer * 0.2)
            yield _item(region, size, size, on_demand * dearer * 1.5, product="Series Windows")
            yield _item(region, size, size, on_demand * 24 * 365 * 0.6, type="Reservation")


def _item(
    region: str, size: str, name: str, usd: float, *, product: str = "Series", **fields: str
) -> dict[str, Any]:
    return {
        "currencyCode": "USD",
        "tierMinimumUnits": 0.0,
        "retailPrice": round(usd, 6),
        "unitPrice": round(usd, 6),
        "armRegionName": region,
        "location": region,
        "effectiveStartDate": "2026-09-01T00:00:00Z",
        "meterId": "simulated",
        "meterName": name,
        "productId": "simulated",
        "skuId": "simulated",
        "productName": f"Virtual Machines {product}",
        "skuName": name,
        "serviceName": "Virtual Machines",
        "serviceId": "simulated",
        "serviceFamily": "Compute",
        "unitOfMeasure": "1 Hour",
        "type": "Consumption",
        "isPrimaryMeterRegion": True,
        "armSkuName": f"Standard_{size}",
        **fields,
    }
