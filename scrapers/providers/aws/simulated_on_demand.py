"""EC2 on demand in the demo, from night 50 on: a file for every region, list prices that stand still.

Six types are sold in the first four regions and five elsewhere; p5.48xlarge has its price of June 2025.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

from scrapers.page import lookup
from scrapers.simulation import Answer, SimulatedNight

SOURCE = "aws.on_demand"
JOINS = 50
_URL = (
    "https://b0.p.awsstatic.com/pricing/2.0/meteredUnitMaps/ec2/USD/current/ec2-ondemand-without-sec-sel/"
    "{place}/Linux/index.json"
)
# Instance type -> USD per hour in us-east-1, vCPUs, GiB of memory.
_TYPES = {
    "p5.48xlarge": ("55.0400000000", "192", "2048 GiB"),
    "g4dn.xlarge": ("0.5260000000", "4", "16 GiB"),
    "g5.xlarge": ("1.0060000000", "4", "16 GiB"),
    "g6.xlarge": ("0.8048000000", "4", "16 GiB"),
    "p4d.24xlarge": ("21.9576000000", "96", "1152 GiB"),
    "inf2.xlarge": ("0.7582000000", "4", "16 GiB"),
}
_EVERYWHERE = 5
_FULL_REGIONS = ("us-east-1", "us-east-2", "us-west-2", "eu-west-1")


def answers(night: SimulatedNight) -> Iterator[Answer]:
    """What the price files answer in one night."""
    if night.index < JOINS:
        return
    yield Answer(SOURCE, "https://b0.p.awsstatic.com/robots.txt", b"none", "text/plain", status=404)
    for place, region in lookup("aws", "regions")["location"].items():
        types = list(_TYPES) if region in _FULL_REGIONS else list(_TYPES)[1:]
        rates = {name: _rate(place, name) for name in types[-_EVERYWHERE - 1 :]}
        body = json.dumps({"manifest": {"currencyCode": "USD"}, "sets": {}, "regions": {place: rates}})
        yield Answer(SOURCE, _URL.format(place=quote(place)), body.encode(), "application/json")


def _rate(place: str, instance_type: str) -> dict[str, str]:
    price, vcpus, memory = _TYPES[instance_type]
    return {
        "rateCode": f"SIMULATED.{instance_type}",
        "price": price,
        "Location": place,
        "Instance Family": "GPU instance",
        "vCPU": vcpus,
        "Memory": memory,
        "Storage": "EBS only",
        "Network Performance": "High",
        "Operating System": "Linux",
        "Instance Type": instance_type,
        "plc:OperatingSystem": "Linux",
    }
