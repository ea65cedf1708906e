"""Lambda in the demo, from night 50 on: the pricing page in its true shape; the B200 is cut on night 54."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scrapers.simulation import Answer, SimulatedNight

PAGE = "https://lambda.ai/pricing"
JOINS, PRICE_CUT, CUT = 50, 54, ("NVIDIA B200 SXM6", "5.99")

# Tab -> GPU, memory of one, vCPUs, RAM, disk, USD per GPU and hour, near those of August 2026.
_INSTANCES = {
    8: (
        ("NVIDIA B200 SXM6", "180 GB", "208", "2900 GiB", "22 TiB SSD", "6.69"),
        ("NVIDIA H100 SXM", "80 GB", "208", "1800 GiB", "22 TiB SSD", "3.99"),
        ("NVIDIA A100 SXM", "80 GB", "240", "1800 GiB", "19.5 TiB SSD", "2.79"),
        ("NVIDIA A100 SXM", "40 GB", "124", "1800 GiB", "5.8 TiB SSD", "1.99"),
        ("NVIDIA Tesla V100", "16 GB", "88", "448 GiB", "5.8 TiB SSD", "0.79"),
    ),
    4: (
        ("NVIDIA B200 SXM6", "180 GB", "104", "1440 GiB", "11 TiB SSD", "6.79"),
        ("NVIDIA H100 SXM", "80 GB", "104", "900 GiB", "11 TiB SSD", "4.09"),
        ("NVIDIA A100 PCIe", "40 GB", "120", "900 GiB", "1 TiB SSD", "1.99"),
        ("NVIDIA A6000", "48 GB", "56", "400 GiB", "1 TiB SSD", "1.09"),
    ),
    2: (
        ("NVIDIA B200 SXM6", "180 GB", "52", "720 GiB", "5.5 TiB SSD", "6.89"),
        ("NVIDIA H100 SXM", "80 GB", "52", "450 GiB", "5.5 TiB SSD", "4.19"),
        ("NVIDIA A100 PCIe", "40 GB", "60", "450 GiB", "1 TiB SSD", "1.99"),
        ("NVIDIA A6000", "48 GB", "28", "200 GiB", "1 TiB SSD", "1.09"),
    ),
    1: (
        ("NVIDIA B200 SXM6", "180 GB", "26", "360 GiB", "2.75 TiB SSD", "6.99"),
        ("NVIDIA GH200", "96 GB", "64", "432 GiB", "4 TiB SSD", "2.29"),
        ("NVIDIA H100 SXM", "80 GB", "26", "225 GiB", "2.75 TiB SSD", "4.29"),
        ("NVIDIA H100 PCIe", "80 GB", "26", "225 GiB", "1 TiB SSD", "3.29"),
        ("NVIDIA A100 SXM", "40 GB", "30", "220 GiB", "512 GiB SSD", "1.99"),
        ("NVIDIA A10", "24 GB", "30", "226 GiB", "1.3 TiB SSD", "1.29"),
        ("NVIDIA A6000", "48 GB", "14", "100 GiB", "512 GiB SSD", "1.09"),
        ("NVIDIA Quadro RTX 6000", "24 GB", "14", "46 GiB", "512 GiB SSD", "0.69"),
    ),
}
_CLUSTERS = (
    ("NVIDIA HGX B200", "2 weeks – 1 year", "16", "$9.86"),
    ("NVIDIA HGX B200", "2 weeks – 1 year", "256+", "$8.87"),
    ("NVIDIA HGX B200", "1 year+", "16+", "—"),
    ("NVIDIA H100", "2 weeks – 1 year", "16", "$6.16"),
    ("NVIDIA H100", "2 weeks – 1 year", "256", "$5.54"),
)
_INSTANCE_LABELS = ("VRAM/GPU", "vCPUs", "RAM", "STORAGE", "PRICE/GPU/HR*")
_CLUSTER_LABELS = ("DURATION", "GPU COUNT", "PRICE/GPU/HR*")


def answers(night: SimulatedNight) -> Iterator[Answer]:
    """What Lambda's pricing page answers in one night, for both of its sources."""
    if night.index < JOINS:
        return
    page = _page(night.index).encode()
    for source in ("lambda_cloud.instances", "lambda_cloud.clusters"):
        yield Answer(source, "https://lambda.ai/robots.txt", b"User-agent: *\nAllow: /\n", "text/plain")
        yield Answer(source, PAGE, page, "text/html")


def _page(night: int) -> str:
    clusters = _panel("clusters", "NVIDIA GPUs", _CLUSTER_LABELS, _CLUSTERS)
    tabs = "".join(
        _panel(f"tab-{count}", f"{count}x", _INSTANCE_LABELS, _priced(night, rows))
        for count, rows in _INSTANCES.items()
    )
    return (
        "<!doctype html><html lang='en'><head><title>Pricing (simulated)</title></head><body>"
        "<p>Simulated page: written for the gpuledger demo, no price on it is an offer.</p>"
        f"<h2>1-Click Clusters pricing</h2>{clusters}<h2>Instances pricing</h2>{tabs}</body></html>"
    )


def _priced(night: int, rows: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    for *cells, usd in rows:
        is_cut = night >= PRICE_CUT and cells[0] == CUT[0]
        yield (*cells, f"${CUT[1] if is_cut else usd}")


def _panel(name: str, label: str, labels: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    body = "".join(
        f'<tr data-plan="{plan}"><th data-label="Plan">{plan}</th>'
        + "".join(f'<td data-label="{head}">{cell}</td>' for head, cell in zip(labels, cells, strict=True))
        + "</tr>"
        for plan, *cells in rows
    )
    return (
        f'<button role="tab" aria-controls="{name}">{label}</button>'
        f'<div role="tabpanel" id="{name}"><table><tbody>{body}</tbody></table></div>'
    )
