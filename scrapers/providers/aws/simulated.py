"""AWS in the demo: spot.json and the advisor of the true shape, six regions, prices that move in steps.

Prices start near those of 2026 and change on about every sixth night, as modern spot prices do. Told
events: p5.48xlarge falls by 45 % on night 30; on night 26 the interruption bands of the p5 and g6e
families move up by one; on night 37 spot.json is an HTML error page with status 200.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from scrapers.providers.aws import simulated_on_demand as on_demand
from scrapers.simulation import Answer, SimulatedNight, level

SOURCE = "aws.spot"
SPOT_URL = "https://website.spot.ec2.aws.a2z.com/spot.json"
ADVISOR_URL = "https://spot-bid-advisor.s3.amazonaws.com/spot-advisor-data.json"
PRICE_CUT, CUT_TYPE, CUT_TO = 30, "p5.48xlarge", 0.55
BANDS_SHIFT, SHIFTED = 26, ("p5.", "g6e.")
ERROR_PAGE_NIGHT = 37

_ROBOTS = b"User-agent: *\nAllow: /\n"
_ERROR_PAGE = (
    b"<!DOCTYPE html>\n<title>Error</title>\n<h1>Simulated: the request could not be satisfied</h1>\n"
)
# Name in spot.json -> current id and price level against us-east-1.
_REGIONS = {
    "us-east": ("us-east-1", 1.0),
    "us-east-2": ("us-east-2", 0.93),
    "us-west-2": ("us-west-2", 1.04),
    "eu-ireland": ("eu-west-1", 1.12),
    "eu-central-1": ("eu-central-1", 1.21),
    "apac-tokyo": ("ap-northeast-1", 1.3),
}
# Instance type -> USD per hour in us-east-1, vCPUs, GiB of memory, index of the interruption band.
_TYPES = {
    "g4dn.xlarge": (0.21, 4, 16.0, 1),
    "g4dn.12xlarge": (1.56, 48, 192.0, 1),
    "g5.xlarge": (0.44, 4, 16.0, 2),
    "g5.2xlarge": (0.53, 8, 32.0, 2),
    "g5.12xlarge": (2.36, 48, 192.0, 3),
    "g5.48xlarge": (6.72, 192, 768.0, 3),
    "g6.xlarge": (0.35, 4, 16.0, 1),
    "g6.12xlarge": (1.98, 48, 192.0, 2),
    "g6e.xlarge": (0.86, 4, 32.0, 2),
    "g6e.12xlarge": (4.51, 48, 384.0, 3),
    "g6e.48xlarge": (12.7, 192, 1536.0, 3),
    "g7e.2xlarge": (1.41, 8, 64.0, 1),
    "g7e.48xlarge": (13.9, 192, 2048.0, 2),
    "p3.2xlarge": (0.97, 8, 61.0, 0),
    "p4d.24xlarge": (9.86, 96, 1152.0, 2),
    "p4de.24xlarge": (12.4, 96, 1152.0, 3),
    "p5.48xlarge": (24.1, 192, 2048.0, 3),
    "p5en.48xlarge": (27.3, 192, 2048.0, 4),
    "p6-b200.48xlarge": (46.2, 192, 2048.0, 4),
    "trn1.32xlarge": (6.45, 128, 512.0, 0),
    "inf2.xlarge": (0.25, 4, 16.0, 0),
    "inf2.48xlarge": (4.28, 192, 768.0, 0),
}
_CPU_TYPES = {"t4g.nano": "9.0E-4", "m5.large": "0.0362"}
_NOT_SOLD = {
    ("eu-west-1", "p6-b200.48xlarge"),
    ("ap-northeast-1", "p6-b200.48xlarge"),
    ("eu-central-1", "trn1.32xlarge"),
}
_UNADVISED = ("eu-central-1", "p4de.24xlarge")
_BANDS = (("<5%", 5), ("5-10%", 11), ("10-15%", 16), ("15-20%", 22), (">20%", 100))


def answers(night: SimulatedNight) -> Iterator[Answer]:
    """What the spot page's data and the Spot Instance Advisor answer in one night."""
    for url in (SPOT_URL, ADVISOR_URL):
        yield Answer(SOURCE, url.rpartition("/")[0] + "/robots.txt", _ROBOTS, "text/plain")
    if night.index == ERROR_PAGE_NIGHT:
        yield Answer(SOURCE, SPOT_URL, _ERROR_PAGE, "text/html")
    else:
        yield Answer(SOURCE, SPOT_URL, json.dumps(_spot(night.index)).encode(), "application/json")
    advice = json.dumps(_advisor(night.index)).encode()
    yield Answer(SOURCE, ADVISOR_URL, advice, "application/json", after_seconds=2)
    yield from on_demand.answers(night)


def _spot(index: int) -> dict[str, Any]:
    regions = []
    for shown, (region, _) in _REGIONS.items():
        gpus = [_size(name, _price(region, name, index)) for name in _TYPES]
        others = [_size(name, price) for name, price in _CPU_TYPES.items()]
        shelves = [{"type": "gpuCurrentGen", "sizes": gpus}, {"type": "generalCurrentGen", "sizes": others}]
        footnotes = {"*": "notAvailableForCCorCGPU"}
        regions.append({"region": shown, "footnotes": footnotes, "instanceTypes": shelves})
    config = {"rate": "perhr", "valueColumns": ["linux", "mswin"], "currencies": ["USD"], "regions": regions}
    return {"vers": 0.01, "config": config}


def _size(name: str, linux: str) -> dict[str, Any]:
    columns = [("linux", linux), ("mswin", "N/A*")]
    return {"size": name, "valueColumns": [{"name": key, "prices": {"USD": price}} for key, price in columns]}


def _price(region: str, name: str, index: int) -> str:
    """The price of a type in a region: mostly that of the night before, sometimes a step away from it."""
    if (region, name) in _NOT_SOLD:
        return "N/A*"
    moved = level(f"aws spot {region} {name}", index, spread=0.04, chance=0.17, step=0.07)
    dearer = next(factor for current, factor in _REGIONS.values() if current == region)
    cut = CUT_TO if name == CUT_TYPE and index >= PRICE_CUT else 1.0
    return f"{_TYPES[name][0] * dearer * moved * cut:.4f}"


def _advisor(index: int) -> dict[str, Any]:
    types = {
        name: {"emr": True, "cores": vcpus, "ram_gb": ram} for name, (_, vcpus, ram, _) in _TYPES.items()
    }
    linux = {
        region: {name: _rank(region, name, index) for name in _TYPES if (region, name) != _UNADVISED}
        for region, _ in _REGIONS.values()
    }
    return {
        "global_rate": "<10%",
        "ranges": [
            {"index": rank, "label": label, "dots": rank, "max": most}
            for rank, (label, most) in enumerate(_BANDS)
        ],
        "instance_types": types,
        "spot_advisor": {region: {"Linux": ranks, "Windows": {}} for region, ranks in linux.items()},
    }


def _rank(region: str, name: str, index: int) -> dict[str, int]:
    draws = random.Random(f"aws advisor {region} {name}")
    rank = _TYPES[name][3] + draws.choice((-1, 0, 0, 0))
    if index >= BANDS_SHIFT and name.startswith(SHIFTED):
        rank += 1
    return {"s": draws.randint(45, 72), "r": max(0, min(rank, len(_BANDS) - 1))}
