"""vast.ai in the demo: a small market of the true shape, searched by the same walk as the real one.

About 120 machines of fifteen models. Prices wander around the level of 2026, each host repricing every
few nights; GPUs are rented and given back, machines come and go, offer ids change while machine ids stay.

Told events: machine 90001 is gone from night 35 on; the RTX 4090 is dear on nights 22 to 25, the H100 SXM
on night 41; on night 33 a GPU turns up that no catalogue knows, on night 48 a field that no parser knows.
Hosts carry a name that says simulated, their addresses are from a range kept for documentation.
"""

from __future__ import annotations

import json
import math
import operator
import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from scrapers.page import Capture, FetchRequest, Json
from scrapers.providers.vast_ai.search import follow
from scrapers.simulation import Answer, SimulatedNight

SOURCE = "vast_ai.market"
NAMES_URL = "https://console.vast.ai/api/v0/gpu_names/unique/"
ROBOTS_URL = "https://console.vast.ai/robots.txt"

FIRST_MACHINE, GONE_FROM, GONE_MACHINE = 90000, 35, 90001
UNKNOWN_GPU, UNKNOWN_GPU_NIGHT, NEW_FIELD_NIGHT = "Imaginary RTX 9999", 33, 48
NO_CORES_MACHINE = 90050
SPIKES = {"RTX 4090": (range(22, 26), 1.45), "H100 SXM": (range(41, 42), 1.8)}
PAGE, SECONDS_BETWEEN, ALLOCATED_GB, HOURS_A_MONTH = 64, 7, 8, 720
_UNOFFERED = ("GTX 1080 Ti", "Tesla K80")
_PLACES = ("Japan, JP", ", US", "Washington, US", "Germany, DE", "Taiwan, TW", "Sweden, SE", "Quebec, CA")
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "gte": operator.ge,
    "notin": lambda value, asked: value not in asked,
}
# Fields that no offer of the demo differs in.
_ALIKE: Mapping[str, Any] = json.loads("""{
    "bundled_results": null, "is_bid": false, "rented": false, "external": null, "webpage": null,
    "cluster_id": null, "rn": 1, "resource_type": "gpu", "logo": "/static/logos/simulated.png",
    "gpu_arch": "nvidia", "gpu_display_active": false, "gpu_lanes": 16, "gpu_max_power": 450.0,
    "gpu_max_temp": 60.0, "gpu_mem_bw": 900.5, "bw_nvlink": 0.0, "compute_cap": 890,
    "cpu_arch": "amd64", "cpu_ghz": 2.8, "has_avx": 1, "mobo_name": null, "pci_gen": 4.0, "pcie_bw": 24.6,
    "disk_bw": 3200.0, "disk_name": "", "os_version": "24.04", "driver_version": "580.105.08",
    "driver_vers": 580105008, "cuda_max_good": 13.0, "vms_enabled": false, "is_vm_deverified": false,
    "static_ip": true, "direct_port_count": 60, "inet_up": 800.0, "inet_down": 1500.0,
    "internet_up_cost_per_tb": 4.0, "internet_down_cost_per_tb": 4.0, "geolocode": 1,
    "reliability_mult": 0.95, "expected_reliability": 0.0, "target_reliability": 0.0, "sla_r_claim": 0.0,
    "sla_sigma_x": null, "sla_broker_rate": null, "discount_rate": null, "discounted_hourly": 0,
    "credit_discount_max": 0.1, "flops_per_dphtotal": 100.0, "vram_costperhour": 0.01,
    "duration": 2592000.0, "time_remaining": "", "time_remaining_isbid": "",
    "avail_vol_ask_id": 1, "avail_vol_dph": 0.00001, "avail_vol_size": 500.0,
    "nw_disk_min_bw": null, "nw_disk_max_bw": null, "nw_disk_avg_bw": null
}""")


@dataclass(frozen=True)
class _Model:
    name: str
    ram_mib: int
    usd: float
    volatility: float
    dlperf: float
    sizes: tuple[int, ...]
    least: int = 1


@dataclass(frozen=True)
class _Machine:
    """`seed` draws what never changes about it; `least` is the smallest chunk its host rents out."""

    number: int
    model: _Model
    gpus: int
    since: int
    until: int

    @property
    def seed(self) -> random.Random:
        return random.Random(f"vast_ai machine {self.number}")


_MODELS = (
    _Model("RTX 4090", 24564, 0.34, 0.035, 90.0, (8,) * 9 + (6,) + (4,) * 9 + (2,) * 6 + (1,) * 16),
    _Model("RTX 5090", 32607, 0.52, 0.045, 150.0, (8, 8, 4, 4, 2, 2, 2, 1, 1, 1, 1, 1)),
    _Model("RTX 3090", 24576, 0.16, 0.020, 45.0, (8, 4, 4, 4, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1)),
    _Model("RTX 3060", 12288, 0.06, 0.015, 17.0, (4, 2, 1, 1, 1, 1)),
    _Model("RTX 4080S", 16376, 0.22, 0.025, 62.0, (2, 1, 1, 1)),
    _Model("A100 SXM4", 81920, 0.92, 0.018, 190.0, (8, 8, 4, 4, 2), least=2),
    _Model("A100 PCIE", 81920, 0.78, 0.018, 165.0, (4, 2, 1, 1)),
    _Model("H100 SXM", 81559, 1.92, 0.030, 345.0, (8, 8, 8, 8, 4, 2, 1, 1)),
    _Model("H200", 143771, 2.65, 0.022, 400.0, (8, 8), least=4),
    _Model("B200", 183359, 3.95, 0.020, 640.0, (8, 8), least=4),
    _Model("L40S", 46068, 0.61, 0.020, 105.0, (4, 4, 2, 1, 1)),
    _Model("RTX A6000", 49140, 0.44, 0.012, 55.0, (4, 2, 2, 1, 1, 1)),
    _Model("RTX 6000Ada", 49140, 0.66, 0.015, 98.0, (2, 1, 1)),
    _Model("RTX PRO 6000 WS", 97887, 1.05, 0.035, 210.0, (4, 2, 1, 1, 1)),
    _Model("Tesla V100", 16384, 0.17, 0.010, 35.0, (8, 4, 1, 1)),
)


def answers(night: SimulatedNight) -> Iterator[Answer]:
    """What the search answers in one night: the names, then every query that the walk asks."""
    yield Answer(SOURCE, ROBOTS_URL, b"User-agent: *\nAllow: /api/\n", "text/plain")
    book = [(offer, json.dumps(offer)) for offer in _book(night)]
    names = sorted({offer["gpu_name"] for offer, _ in book} | set(_UNOFFERED))
    requests = deque([FetchRequest(NAMES_URL)])
    asked = 0
    while requests:
        request = requests.popleft()
        if request.json is None:
            value: dict[str, Any] = {"success": True, "gpu_names": names}
            body = json.dumps(value)
        else:
            page = _page(book, request.json)
            value = {"offers": [offer for offer, _ in page]}
            body = '{"offers": [' + ", ".join(text for _, text in page) + "]}"
        yield Answer(
            SOURCE,
            request.url,
            body.encode(),
            "application/json",
            asked=request.json,
            after_seconds=asked * SECONDS_BETWEEN,
        )
        capture = Capture(SOURCE, request.url, night.at, 200, "application/json", b"", asked=request.json)
        requests.extend(follow(request, Json(capture, value)))
        asked += 1


def _page(
    book: Sequence[tuple[dict[str, Any], str]], query: Mapping[str, Any]
) -> list[tuple[dict[str, Any], str]]:
    """The first offers of the book that a query's per-field operators let through, in its order."""
    filters = [
        (field, _OPERATORS[name], value)
        for field, condition in query.items()
        if isinstance(condition, dict)
        for name, value in condition.items()
    ]
    found = [entry for entry in book if all(holds(entry[0][field], value) for field, holds, value in filters)]
    [[field, direction]] = query["order"]
    found.sort(key=lambda entry: entry[0][field], reverse=direction == "desc")
    return found[: min(query["limit"], PAGE)]


@cache
def _fleet() -> tuple[_Machine, ...]:
    machines: list[_Machine] = []
    for model in _MODELS:
        for gpus in model.sizes:
            number = FIRST_MACHINE + len(machines)
            life = random.Random(f"vast_ai life {number}")
            since = life.randint(1, 40) if life.random() < 0.16 else 0
            until = life.randint(since + 10, 60) if life.random() < 0.14 else 60
            machines.append(
                _Machine(number, model, gpus, since, GONE_FROM if number == GONE_MACHINE else until)
            )
    return tuple(machines)


def _book(night: SimulatedNight) -> Iterator[dict[str, Any]]:
    for machine in _fleet():
        if machine.since <= night.index < machine.until:
            yield from _chunks(machine, night)
    if night.index == UNKNOWN_GPU_NIGHT:
        stranger = _Model(UNKNOWN_GPU, 65536, 2.2, 0.0, 500.0, (1,))
        yield from _chunks(_Machine(FIRST_MACHINE + 900, stranger, 1, 0, 60), night)


def _chunks(machine: _Machine, night: SimulatedNight) -> Iterator[dict[str, Any]]:
    """The whole machine, its halves, its quarters: a chunk with a rented GPU in it cannot be had."""
    rented = _rented(machine, night.index)
    size, chunk = machine.gpus, 0
    while size >= machine.model.least:
        for start in range(0, machine.gpus, size):
            ids = [machine.number * 10 + gpu for gpu in range(start, start + size)]
            yield _offer(machine, night, chunk, ids, rentable=rented.isdisjoint(ids))
            chunk += 1
        size = size // 2 if size % 2 == 0 else size // 3


def _rented(machine: _Machine, index: int) -> set[int]:
    """The GPUs that somebody holds: a share that is drawn anew on about every third night."""
    draws = random.Random(f"vast_ai rented {machine.number}")
    count = 0
    for night in range(index + 1):
        changes, share = draws.random() < 0.35, draws.betavariate(0.7, 2.8)
        count = round(share * machine.gpus) if changes or night == 0 else count
    order = list(range(machine.gpus))
    machine.seed.shuffle(order)
    return {machine.number * 10 + gpu for gpu in order[:count]}


@cache
def _level(model: _Model, index: int) -> float:
    """USD per GPU-hour of a model: a walk of its logarithm that is drawn back to its starting level."""
    draws = random.Random(f"vast_ai price {model.name}")
    away = 0.0
    for _ in range(index + 1):
        away += -0.08 * away + draws.gauss(0.0, model.volatility)
    return model.usd * math.exp(away)


def _gpu_hour(machine: _Machine, index: int) -> float:
    seed = machine.seed
    premium, every = math.exp(seed.gauss(0.0, 0.13)), seed.randint(1, 5)
    nights, factor = SPIKES.get(machine.model.name, (range(0), 1.0))
    repriced = max(0, index - (index + machine.number) % every)
    return _level(machine.model, repriced) * premium * (factor if index in nights else 1.0)


def _offer(
    machine: _Machine, night: SimulatedNight, chunk: int, ids: list[int], *, rentable: bool
) -> dict[str, Any]:
    seed, model, gpus = machine.seed, machine.model, len(ids)
    share = gpus / machine.gpus
    base = round(gpus * _gpu_hour(machine, night.index), 6)
    storage_cost = seed.choice((0.1, 0.15, 0.2, 0.3))
    disk = round(storage_cost / HOURS_A_MONTH * ALLOCATED_GB, 6)
    bid_share = 1.24 if machine.number == NO_CORES_MACHINE else seed.uniform(0.35, 0.95)
    takes_bids = seed.random() < 0.95
    number = (
        40_000_000
        + (machine.number - FIRST_MACHINE) * 1000
        + chunk * 25
        + (night.index + machine.number) // 3 % 25
    )
    offer = {
        "id": number,
        "ask_contract_id": number,
        "bundle_id": 500_000_000 + machine.number,
        "dph_base": base,
        "dph_total": round(base + disk, 6),
        "dph_total_adj": round(base + disk + 0.0003, 6),
        "discounted_dph_total": round(base + disk, 6),
        "dlperf_per_dphtotal": round(model.dlperf * gpus / (base + disk), 4),
        "min_bid": round(base * bid_share, 4) if takes_bids else None,
        "storage_cost": storage_cost,
        "storage_total_cost": disk,
        "inet_up_cost": seed.choice((0.0, 0.00390625, 0.01)),
        "inet_down_cost": seed.choice((0.0, 0.00390625, 0.01)),
        "rentable": rentable,
        "search": _costs(base, disk),
        "instance": _costs(0.0, disk),
        **_hardware(machine, ids, seed),
        **_host(machine, night, seed),
        **_ALIKE,
        "score": round(model.dlperf / base * (0.5 + share / 2), 6),
    }
    if night.index == NEW_FIELD_NIGHT:
        offer["power_cap_watts"] = 320
    return offer


def _costs(gpu: float, disk: float) -> dict[str, float]:
    total = round(gpu + disk, 6)
    return {
        "gpuCostPerHour": gpu,
        "diskHour": disk,
        "slaPremiumPerHour": 0.0,
        "totalHour": total,
        "discountTotalHour": 0,
        "discountedTotalPerHour": total,
    }


def _hardware(machine: _Machine, ids: list[int], seed: random.Random) -> dict[str, Any]:
    model, gpus = machine.model, len(ids)
    share = gpus / machine.gpus
    known = machine.number != NO_CORES_MACHINE
    cores = machine.gpus * seed.choice((8, 12, 16, 24))
    return {
        "gpu_name": model.name,
        "num_gpus": gpus,
        "gpu_frac": share,
        "gpu_ids": ids,
        "gpu_ram": model.ram_mib,
        "gpu_total_ram": model.ram_mib * gpus,
        "total_flops": round(80.0 * gpus, 1),
        "dlperf": round(model.dlperf * gpus * seed.uniform(0.95, 1.05), 4),
        "cpu_cores": cores if known else None,
        "cpu_cores_effective": cores * share if known else 0.0,
        "cpu_name": "simulated CPU" if known else None,
        "cpu_ram": int(machine.gpus * seed.choice((32000, 64000, 96000)) * share),
        "disk_space": round(machine.gpus * seed.uniform(200, 900) * share, 1),
    }


def _host(machine: _Machine, night: SimulatedNight, seed: random.Random) -> dict[str, Any]:
    host = 70_000 + machine.number % 37
    reliability = round(seed.uniform(0.95, 0.9995), 7)
    now = night.at.timestamp()
    verification = seed.choices(("verified", "unverified", "deverified"), (70, 27, 3))[0]
    return {
        "machine_id": machine.number,
        "host_id": host,
        "hostname": f"simulated-{host}.invalid",
        "hosting_type": int(machine.gpus >= 4 and seed.random() < 0.5),
        "public_ipaddr": f"203.0.113.{machine.number % 250 + 1}",
        "geolocation": seed.choice(_PLACES),
        "verification": verification,
        "vericode": int(verification == "verified"),
        "reliability": reliability,
        "reliability2": reliability,
        "start_date": now,
        "end_date": now + 2_592_000,
    }
