"""One offer of vast.ai's search -> a chunk of a machine; the chunks of a machine -> its offers.

What the figures mean, as read from answers of August 2026:

- Prices are USD per hour for the whole chunk. `dph_base` is the GPUs alone; `dph_total` adds the storage
  that the search asked for. `min_bid`, the least interruptible bid, leaves storage out as well, so
  `dph_base` is the figure that compares with it. A bid can stand above the on-demand price.
- `cpu_ram` (MiB), `disk_space` (GB) and `cpu_cores_effective` are the chunk's share already: the half of
  machine 68475 shows half the memory of the whole. Only `cpu_cores` is of the whole machine; where it is
  null the effective cores are 0, which means unknown.
- `gpu_ram` is MiB of one GPU; `storage_cost` and `inet_up_cost` are USD per GB (a month). GB is kept as
  GiB, the way machine sizes are sold.
- One machine is listed as a whole, in halves, in quarters: chunks overlap and are never summed.
- An offer's id changes within hours; a machine's does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from scrapers.page import Capture, Notes, Record, Row, Unreadable, gpu_named, offer

IGNORED: Final = frozenset(
    # Addresses and adornments of a host: never stored.
    {"public_ipaddr", "hostname", "webpage", "logo"}
    # Aliases and sums of what is taken.
    | {"ask_contract_id", "reliability2", "gpu_total_ram", "vericode", "geolocode", "driver_vers"}
    | {"internet_up_cost_per_tb", "internet_down_cost_per_tb"}
    # Prices with the searched disk, the estimated traffic or an account's discount in them.
    | {"dph_total", "dph_total_adj", "storage_total_cost", "search", "instance", "vram_costperhour"}
    | {"discount_rate", "discounted_hourly", "discounted_dph_total", "credit_discount_max"}
    | {"dlperf_per_dphtotal", "flops_per_dphtotal", "platform_fee"}
    # Hardware that no column holds.
    | {"bw_nvlink", "compute_cap", "cpu_arch", "cpu_cores", "cpu_ghz", "cpu_name", "cuda_max_good", "disk_bw"}
    | {"disk_name", "driver_version", "gpu_arch", "gpu_display_active", "gpu_lanes", "gpu_max_power"}
    | {"gpu_max_temp", "gpu_mem_bw", "has_avx", "mobo_name", "os_version", "pci_gen", "pcie_bw"}
    | {"total_flops", "vms_enabled", "resource_type"}
    # The network, apart from the price of traffic out.
    | {"direct_port_count", "inet_down", "inet_up", "inet_down_cost", "static_ip"}
    # Volumes and network disks are other products.
    | {"avail_vol_ask_id", "avail_vol_dph", "avail_vol_size"}
    | {"nw_disk_min_bw", "nw_disk_max_bw", "nw_disk_avg_bw"}
    # The marketplace's own ranking, guarantees and bookkeeping.
    | {"bundle_id", "cluster_id", "external", "rn", "score", "rented", "is_vm_deverified"}
    | {"expected_reliability", "target_reliability", "reliability_mult"}
    | {"sla_sigma_x", "sla_broker_rate", "sla_r_claim"}
    | {"duration", "start_date", "end_date", "time_remaining", "time_remaining_isbid"}
)
_VERIFIED: Final[Mapping[str, bool]] = {"verified": True, "unverified": False, "deverified": False}
_CODE_LENGTH: Final = 2


@dataclass(frozen=True)
class Chunk:
    """A set of GPUs of one machine that is offered together.

    `share` is its part of the machine's GPUs, `gpu_ids` the GPUs it holds; None where the source is
    silent. Prices are USD per hour for the whole chunk, storage excluded. `columns` are offers columns.
    """

    capture: Capture
    offer_id: str
    machine_id: str
    gpus: int
    share: float | None
    gpu_ids: frozenset[int] | None
    rentable: bool
    base_usd: float
    min_bid_usd: float | None
    columns: Mapping[str, Any]


def read_chunk(record: Record, capture: Capture, notes: Notes) -> Chunk:
    """Read one offer; raises Unreadable when it lacks what identifies or prices it."""
    if record.take("is_bid", False):
        raise Unreadable("the search for on-demand offers answered the price of a bid")
    if record.take("bundled_results", None):
        notes.add("truncated", "bundled offers", "like offers of several machines stand as one")
    base_usd = record.take_number("dph_base")
    if base_usd is None:
        raise Unreadable("field dph_base holds no price")
    gpu_ids = record.take("gpu_ids")
    return Chunk(
        capture=capture,
        offer_id=str(record.take("id")),
        machine_id=str(record.take("machine_id")),
        gpus=_count(record.take_number("num_gpus")),
        share=record.take_number("gpu_frac"),
        gpu_ids=frozenset(gpu_ids) if gpu_ids else None,
        rentable=bool(record.take("rentable")),
        base_usd=base_usd,
        min_bid_usd=record.take_number("min_bid") or None,
        columns={**_hardware(record, notes), **_place(record, notes), **_host(record, notes)},
    )


def machine_offers(chunks: Iterable[Chunk], notes: Notes) -> Iterator[Row]:
    """The offers of every machine: one for each chunk size and way of selling it.

    Chunks of one size are one offer at the price of the cheapest that can be had, because a renter
    cannot tell them apart. `gpus_available` is the machine's free GPUs, the union over its rentable
    chunks of every size; `gpus_total` is all of its GPUs.
    """
    ordered = sorted(chunks, key=lambda chunk: (chunk.machine_id, chunk.gpus))
    for _, machine in groupby(ordered, key=lambda chunk: chunk.machine_id):
        of_machine = list(machine)
        stock = {"gpus_available": _free(of_machine), "gpus_total": _total(of_machine)}
        for _, sized in groupby(of_machine, key=lambda chunk: chunk.gpus):
            yield from _sold(list(sized), stock, notes)


def _sold(alike: Sequence[Chunk], stock: Mapping[str, int | None], notes: Notes) -> Iterator[Row]:
    if len({chunk.columns["gpu_as_shown"] for chunk in alike}) > 1:
        notes.add("disagreement", f"machine {alike[0].machine_id}", "two GPU models in chunks of one size")
    candidates = [chunk for chunk in alike if chunk.rentable] or alike
    cheapest = min(candidates, key=lambda chunk: chunk.base_usd)
    yield _row(cheapest, "on_demand", cheapest.base_usd, stock)
    bids = [(chunk.min_bid_usd, chunk) for chunk in candidates if chunk.min_bid_usd is not None]
    if bids:
        least_bid, chunk = min(bids, key=lambda bid: bid[0])
        yield _row(chunk, "interruptible", least_bid, stock)


def _row(chunk: Chunk, pricing_model: str, usd: float, stock: Mapping[str, int | None]) -> Row:
    return offer(
        chunk.capture,
        offer_key=f"{chunk.machine_id}:{chunk.gpus}",
        pricing_model=pricing_model,
        usd_per_hour=usd,
        price_as_shown=repr(usd),
        gpu_count=chunk.gpus,
        offer_id=chunk.offer_id,
        machine_id=chunk.machine_id,
        availability="available" if chunk.rentable else "unavailable",
        **chunk.columns,
        **stock,
    )


def _free(machine: Sequence[Chunk]) -> int | None:
    held = [chunk.gpu_ids for chunk in machine if chunk.rentable]
    known = [gpu_ids for gpu_ids in held if gpu_ids is not None]
    return len(frozenset().union(*known)) if len(known) == len(held) else None


def _total(machine: Sequence[Chunk]) -> int | None:
    shares = [(chunk.share, chunk.gpus) for chunk in machine if chunk.share]
    if not shares:
        return None
    share, gpus = max(shares)
    return round(gpus / share)


def _count(number: float | None) -> int:
    if number is None or number < 1 or number != int(number):
        raise Unreadable(f"field num_gpus holds {number!r}, not a number of GPUs")
    return int(number)


def _hardware(record: Record, notes: Notes) -> dict[str, Any]:
    gpu_ram_mib = record.take_number("gpu_ram")
    ram_mib = record.take_number("cpu_ram")
    gpu = gpu_named(
        str(record.take("gpu_name")), notes, memory_gib=None if gpu_ram_mib is None else gpu_ram_mib / 1024
    )
    return {
        **gpu.columns(),
        "vcpus": record.take_number("cpu_cores_effective") or None,
        "ram_gib": None if ram_mib is None else ram_mib / 1024,
        "disk_gib": record.take_number("disk_space"),
        "throughput": record.take_number("dlperf"),
    }


def _place(record: Record, notes: Notes) -> dict[str, str | None]:
    """Region and country of "Washington, US"; of ", US" the country is all there is."""
    shown = (record.take("geolocation") or "").strip(", ")
    if not shown:
        return {"region": None, "country": None}
    code = shown.rpartition(",")[2].strip()
    if len(code) == _CODE_LENGTH and code.isalpha() and code.isupper():
        return {"region": shown, "country": code}
    notes.add("unknown_region", shown)
    return {"region": shown, "country": None}


def _host(record: Record, notes: Notes) -> dict[str, Any]:
    verification = record.take("verification")
    if verification is not None and verification not in _VERIFIED:
        notes.add("unknown_word", str(verification), "verification")
    hosting_type = record.take_number("hosting_type")
    return {
        "host_id": str(record.take("host_id")),
        "verified": _VERIFIED.get(verification),
        "datacenter": bool(hosting_type),
        "reliability": record.take_number("reliability"),
        "storage_usd_per_gib_month": record.take_number("storage_cost"),
        "egress_usd_per_gib": record.take_number("inet_up_cost"),
    }
