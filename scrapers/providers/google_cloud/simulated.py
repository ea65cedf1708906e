"""Google Cloud in the demo, from night 50 on: the weekly list, Google's pages for Iowa, the free trial."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from scrapers.simulation import Answer, SimulatedNight, level

JOINS = 50
_LIST = "https://raw.githubusercontent.com/Cyclenerd/google-cloud-pricing-cost-calculator/master/pricing.yml"
_ON_DEMAND = "https://cloud.google.com/products/compute/pricing/accelerator-optimized"
_SPOT = "https://cloud.google.com/spot-vms/pricing"
_TRIAL = "https://cloud.google.com/free/docs/free-cloud-features"
_REGIONS = {"us-central1": 1.0, "europe-west4": 1.1, "asia-northeast1": 1.28}
# Machine type -> its GPUs, vCPUs, GiB, USD per hour on demand and spot in Iowa.
_MACHINES: dict[str, tuple[str, float, int, int, float, float]] = {
    "a2-highgpu-1g": ("a100", 1, 12, 85, 3.673385, 1.469354),
    "a2-highgpu-8g": ("a100", 8, 96, 680, 29.38708, 11.754832),
    "a2-ultragpu-1g": ("a100-80gb", 1, 12, 170, 5.06879, 2.027516),
    "a3-highgpu-1g": ("h100-80gb", 1, 26, 234, 11.06125, 3.31),
    "a3-highgpu-8g": ("h100-80gb", 8, 208, 1872, 88.49, 26.5),
    "a3-megagpu-8g": ("h100-80gb-mega", 8, 208, 1872, 93.4, 28.02),
    "g2-standard-4": ("l4", 1, 4, 16, 0.706832, 0.282728),
    "g2-standard-24": ("l4", 2, 24, 96, 2.0008, 0.80032),
    "g2-standard-96": ("l4", 8, 96, 384, 8.0032, 3.20128),
    "g4-standard-6": ("rtx6000", 0.125, 6, 22, 0.56, 0.22),
    "g4-standard-48": ("rtx6000", 1, 48, 180, 4.499, 1.7996),
}
_NOTICE = "<p>Simulated page: written for the gpuledger demo, no price on it is an offer.</p>"
_SELECTED = '<div role="option" aria-selected="true" data-value="Iowa (us-central1)">Iowa</div>'


def answers(night: SimulatedNight) -> Iterator[Answer]:
    """What the list and the pages answer in one night."""
    if night.index < JOINS:
        return
    robots = b"User-agent: *\nAllow: /\n"
    machines, iowa, trial = (f"google_cloud.{name}" for name in ("machines", "iowa", "trial"))
    # JSON is YAML too.
    price_list = json.dumps({"about": {"simulated": True}, "compute": {"instance": _instances(night.index)}})
    yield Answer(machines, "https://raw.githubusercontent.com/robots.txt", b"none", "text/plain", status=404)
    yield Answer(machines, _LIST, f"{price_list}\n".encode(), "text/plain")
    for source in (iowa, trial):
        yield Answer(source, "https://cloud.google.com/robots.txt", robots, "text/plain")
    for url, header, column in ((_ON_DEMAND, "Default* (USD)", 0), (_SPOT, "Current Spot pricing (USD)", 1)):
        yield Answer(iowa, url, _page(night.index, header, column).encode(), "text/html")
    yield Answer(trial, _TRIAL, _trial().encode(), "text/html")


def _prices(night: int, name: str, region: str) -> tuple[float, float]:
    *_, on_demand, spot = _MACHINES[name]
    moved = level(f"google {name} {region}", night // 7, spread=0.15, chance=0.5, step=0.2)
    return round(on_demand * _REGIONS[region], 6), round(spot * _REGIONS[region] * moved, 6)


def _instances(night: int) -> dict[str, Any]:
    instances: dict[str, Any] = {"e2-standard-4": {"cpu": 4, "ram": 16, "cost": {}}}
    for name, (gpu, count, vcpus, ram, _, _) in _MACHINES.items():
        cost = {}
        for region in _REGIONS:
            hour, spot = _prices(night, name, region)
            cost[region] = {"hour": hour, "hour_spot": spot, "month": hour * 730}
        instances[name] = {gpu: count, "cpu": vcpus, "ram": ram, "cost": cost}
    return instances


def _page(night: int, header: str, column: int) -> str:
    rows = "".join(
        f"<tr><td>{name}</td><td>{machine[2]}</td><td>{machine[3]}&nbsp;GiB</td>"
        f"<td>${_prices(night, name, 'us-central1')[column]} / 1 hour</td></tr>"
        for name, machine in _MACHINES.items()
        if name not in {"a3-highgpu-1g", "g4-standard-6"}
    )
    head = f"<tr><th>Machine type</th><th>Virtual CPUs</th><th>Memory</th><th>{header}</th></tr>"
    return f"<html><body>{_NOTICE}{_SELECTED}<h2>Machines</h2><table>{head}{rows}</table></body></html>"


def _trial() -> str:
    return (
        f"<html><body>{_NOTICE}<h1>Free trial</h1><p>The 90-day Free Trial comes with $300 in credit.</p>"
        "<p>You can't add GPUs to your VM instances.</p></body></html>"
    )
