"""Oracle in the demo, from night 50 on: the price list in its true shape, licences included."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from scrapers.simulation import Answer, SimulatedNight

SOURCE = "oracle.products"
URL = "https://apexapps.oracle.com/pls/apex/cetools/api/v1/products/?currencyCode=USD"
JOINS = 50
# Part number -> name, USD per GPU and hour, as in August 2026.
_GPUS = {
    "B109479": ("Compute - GPU - L40S", 3.5),
    "B109485": ("OCI - Compute - GPU - MI300X", 6),
    "B110519": ("OCI - Compute - GPU - H200", 10),
    "B110978": ("OCI - Compute - GPU - B200", 14),
    "B110979": ("OCI - Compute - GPU - GB200", 16),
    "B111758": ("OCI- Compute - GPU - MI355X", 8.6),
    "B112140": ("OCI - Compute - GPU - GB300", 18),
    "B112237": ("Oracle Cloud Infrastructure - Compute - GPU - B300", 15),
    "B112613": ("OCI - Compute - GPU - RTX PRO 6000", 4.5),
    "B88517": ("Compute - Bare Metal GPU Standard - X7", 1.275),
    "B88518": ("Compute - Virtual Machine GPU Standard - X7", 1.275),
    "B89734": ("Compute - GPU Standard - V2", 2.95),
    "B92740": ("Compute - GPU - E3", 3.05),
    "B95907": ("Compute - GPU - A100 - v2", 4),
    "B95909": ("Compute  - GPU - A10", 2),
    "B98415": ("Oracle Cloud Infrastructure - Compute - GPU - H100", 10),
}
_LICENCE = ("B111824", "OCI - NVIDIA AI Enterprise - H100", 2.5)


def answers(night: SimulatedNight) -> Iterator[Answer]:
    """What the price list answers in one night."""
    if night.index < JOINS:
        return
    items = [_item(part, name, usd) for part, (name, usd) in _GPUS.items()]
    body = json.dumps({"lastUpdated": f"{night.slot:%Y-%m-%d}", "items": [*items, _item(*_LICENCE)]})
    robots = b"User-agent: *\nAllow: /\n"
    yield Answer(SOURCE, "https://apexapps.oracle.com/robots.txt", robots, "text/plain")
    yield Answer(SOURCE, URL, body.encode(), "application/json")


def _item(part: str, name: str, usd: float) -> dict[str, Any]:
    prices = [{"model": "PAY_AS_YOU_GO", "value": usd}]
    return {
        "partNumber": part,
        "displayName": name,
        "description": "simulated",
        "metricName": "GPU Per Hour",
        "serviceCategory": "Compute - GPU",
        "currencyCodeLocalizations": [{"currencyCode": "USD", "prices": prices}],
    }
