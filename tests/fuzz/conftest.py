"""How hard to fuzz, and a sound answer of every source: its simulation's, or a small one in its shape.

GPULEDGER_FUZZ=20 draws twenty times as many examples as `make test` does, and others each time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings

from scrapers.page import Capture
from scrapers.registry import Source
from scrapers.simulation import SimulatedNight

LAST: Final = datetime(2026, 11, 19, 3, tzinfo=UTC)
NIGHT: Final = SimulatedNight(59, LAST, LAST + timedelta(minutes=17))
# More of the same makes an example slower and no more telling.
_MOST: Final = 6


_TIMES: Final = int(os.environ.get("GPULEDGER_FUZZ", "1"))


def pytest_configure() -> None:
    """The same examples every time, unless someone asks for more."""
    settings.register_profile(
        "fuzz",
        max_examples=20 * _TIMES,
        derandomize=_TIMES == 1,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="session")
def answers() -> Callable[[Source], tuple[Capture, ...]]:
    """The captures of one night of a source, in the order asked; none where it has no sound answer."""

    @cache
    def answered(source: Source) -> tuple[Capture, ...]:
        if source.declared.format == "liveness":
            words = " ".join(source.declared.words)
            page = f"<title>{words}</title><p>{words}</p>"
            return (_capture(source, source.requests[0].url, "text/html", page),)
        written = _WRITTEN.get(source.id)
        if written is None:
            return tuple(_simulated(source))[:_MOST]
        urls = [request.url for request in source.requests] * len(written)
        return tuple(_capture(source, url, *page) for url, page in zip(urls, written, strict=False))

    return answered


def _simulated(source: Source) -> list[Capture]:
    name = f"scrapers.providers.{source.provider}.simulated"
    if not find_spec(name):
        return []
    labels = {request.url: request.label for request in source.requests}
    return [
        Capture(
            source.id,
            answer.url,
            NIGHT.at,
            answer.status,
            answer.media_type,
            answer.body,
            label=labels.get(answer.url, ""),
            asked=answer.asked,
        )
        for answer in import_module(name).answers(NIGHT)
        if answer.source == source.id and not answer.url.endswith("/robots.txt")
    ]


def _capture(source: Source, url: str, media_type: str, text: str) -> Capture:
    role: Any = "rendered" if source.browser else "response"
    labels = {request.url: request.label for request in source.requests}
    return Capture(
        source.id, url, NIGHT.at, 200, media_type, text.encode(), role=role, label=labels.get(url, "")
    )


def _sku(description: str, nanos: int, unit: str, units: str = "0") -> dict[str, Any]:
    price = {"currencyCode": "USD", "units": units, "nanos": nanos}
    return {
        "description": description,
        "category": {"resourceFamily": "Compute", "usageType": "OnDemand"},
        "serviceRegions": ["us-central1", "us-west1"],
        "pricingInfo": [{"pricingExpression": {"usageUnit": unit, "tieredRates": [{"unitPrice": price}]}}],
    }


def _item(instance: str, price: str) -> str:
    return (
        f"<item><instanceType>{instance}</instanceType><productDescription>Linux/UNIX</productDescription>"
        f"<spotPrice>{price}</spotPrice><timestamp>2026-11-19T02:10:05.000Z</timestamp>"
        "<availabilityZone>us-east-1b</availabilityZone>"
        "<availabilityZoneId>use1-az4</availabilityZoneId></item>"
    )


def _json(value: Any) -> tuple[tuple[str, str], ...]:
    return (("application/json", json.dumps(value)),)


_NEBIUS: Final = json.dumps(
    [
        {
            "title": "NVIDIA GPU Instances",
            "description": "",
            "table": {
                "content": [
                    ["Item", "vCPUs", "RAM, GB", "Preemptible, GPU-hour", "On-demand, GPU-hour"],
                    ["NVIDIA HGX H100", "16", "200", "$2.15", "$3.85"],
                    ["NVIDIA HGX H200", "16", "200", "$2.45", "$4.50"],
                ]
            },
        }
    ],
    separators=(",", ":"),
).replace('"', '\\"')
_VERDA: Final = json.dumps(
    {
        "@graph": [
            {"@type": "Organization"},
            {
                "@type": "Offer",
                "name": "8x H100 SXM5 80GB on-demand",
                "description": "Hourly on-demand instance price",
                "price": 26,
                "priceCurrency": "USD",
                "priceSpecification": {"unitText": "hour"},
            },
        ]
    }
)
_WRITTEN: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "aws.spot_zones": (
        (
            "text/xml",
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<DescribeSpotPriceHistoryResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
            f"<requestId>1</requestId><spotPriceHistorySet>{_item('g5.12xlarge', '2.268800')}"
            f"{_item('g5.xlarge', '0.41')}</spotPriceHistorySet>"
            "<nextToken>more</nextToken></DescribeSpotPriceHistoryResponse>",
        ),
    ),
    "google_cloud.catalog": _json(
        {
            "skus": [
                _sku("A2 Instance Core running in Americas", 31_611_000, "h"),
                _sku("A2 Instance Ram running in Americas", 4_237_000, "GiBy.h"),
                _sku("Nvidia Tesla A100 GPU running in Americas", 933_908_000, "h", "2"),
            ],
            "nextPageToken": "more",
        }
    ),
    "google_colab.plans": (
        (
            "text/html",
            "<h1>Choose a plan</h1><section><h2>Pay As You Go</h2><div>$9.99 for 100 compute units</div>"
            "<div>$49.99 for 500 compute units</div><div>Compute units expire after 90 days.</div></section>"
            "<section><h2>Colab Pro</h2><div>$9.99 per month</div><div>100 compute units per month</div>"
            "</section><section><h2>Colab Pro+</h2><div>$49.99 per month</div><div>An additional 400 compute "
            "units for a total of 500 per month</div><div>Background execution: a running notebook keeps "
            "running for up to 24 hours.</div></section>",
        ),
    ),
    "huggingface.spaces": (
        (
            "text/markdown",
            "# Spaces hardware\n\n"
            "| **Hardware** | **CPU** | **Memory** | **GPU Memory** | **Disk** | **Hourly Price** |\n"
            "|---|---|---|---|---|---|\n"
            "| CPU Basic | 2 vCPU | 16 GB | - | 50 GB | Free! |\n"
            "| Nvidia T4 - small | 4 vCPU | 15 GB | 16 GB | 50 GB | $0.40 |\n"
            "| 4x Nvidia L4 | 48 vCPU | 186 GB | 96 GB | 3200 GB | $3.80 |\n",
        ),
    ),
    "kaggle.terms": (
        (
            "text/html",
            "<main><p>12 hours execution time for CPU and GPU notebook sessions and 9 hours for TPU notebook "
            "sessions.</p><p>20 Gigabytes of auto-saved disk space (/kaggle/working).</p>"
            "<p>P100 GPU: 1 Nvidia Tesla P100 GPU, 4 CPU cores, 29 Gigabytes of RAM.</p>"
            "<p>T4 x2 GPU: 2 Nvidia Tesla T4 GPUs.</p>"
            "</main>",
        ),
        (
            "text/html",
            "<main><p>Your quota is 30 hours of GPU per week or sometimes higher.</p>"
            "<p>There are 20 hours of TPU per week.</p></main>",
        ),
    ),
    "lambda_cloud.capacity": _json(
        {
            "data": {
                "gpu_8x_h100_sxm5": {
                    "instance_type": {
                        "name": "gpu_8x_h100_sxm5",
                        "description": "8x H100 (80 GB SXM5)",
                        "gpu_description": "H100 (80 GB SXM5)",
                        "price_cents_per_hour": 3192,
                        "specs": {"vcpus": 208, "memory_gib": 1800, "storage_gib": 24780, "gpus": 8},
                    },
                    "regions_with_capacity_available": [{"name": "us-east-1", "description": "Virginia"}],
                }
            }
        }
    ),
    "nebius.prices": (("text/html", f'<script>self.push("{_NEBIUS}")</script>'),),
    "runpod.gpu_types": _json(
        {
            "data": {
                "gpuTypes": [
                    {
                        "id": "NVIDIA H100 SXM",
                        "displayName": "H100 SXM",
                        "memoryInGb": 80,
                        "securePrice": 2.99,
                        "communityPrice": 2.69,
                        "secureSpotPrice": 1.5,
                        "communitySpotPrice": None,
                    }
                ]
            }
        }
    ),
    "vast_ai.utilisation": _json(
        {
            "success": True,
            "gpus": [
                {
                    "gpu_name": "RTX 4090",
                    "total": 1200,
                    "available": 300,
                    "rented_verified": 700,
                    "avail_verified": 200,
                    "rented_unverified": 200,
                    "avail_unverified": 100,
                    "usage": 75.0,
                    "usage_30d": 71.5,
                    "dlperf": 91.2,
                }
            ],
        }
    ),
    "verda.instances": (("text/html", f'<script type="application/ld+json">{_VERDA}</script>'),),
    "vultr.plans": (
        *_json(
            {
                "plans": [
                    {
                        "id": "vcg-a100",
                        "vcpu_count": 12,
                        "ram": 122880,
                        "disk": 1400,
                        "disk_count": 1,
                        "hourly_cost": 2.397,
                        "locations": ["ewr"],
                        "gpu_vram_gb": 80,
                        "gpu_type": "NVIDIA_A100",
                    }
                ]
            }
        ),
        *_json(
            {
                "plans_metal": [
                    {
                        "id": "vbm-256c-2048gb-8-mi300x-gpu",
                        "cpu_threads": 256,
                        "ram": 2097152,
                        "disk": 3576,
                        "disk_count": 8,
                        "hourly_cost": 17.52,
                        "hourly_cost_preemptible": 14.72,
                        "locations": ["ord"],
                    }
                ]
            }
        ),
    ),
}
