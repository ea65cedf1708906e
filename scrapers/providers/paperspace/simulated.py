"""Paperspace in the demo: pages of the true shape, written here, that change as a real provider's do.

The prices of night 0 are those of the price list of November 2025. The A100-80G is cut on night 20, the
A6000 ×4 is new on night 33, and on night 44 a redesign shows machines as cards, which no parser of tables
can read; the tables are back on night 45. On nights 50 to 52 the H100 ×8 has the price of a single one, a
misprint that the page's own rule gives away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from scrapers.simulation import Answer, SimulatedNight

PRICE_LIST = "https://docs.digitalocean.com/products/paperspace/pricing/"
PLAN_CARDS = "https://www.paperspace.com/pricing"
PRICE_CUT, NEW_MACHINE, REDESIGN = 20, 33, 44
MISPRINTS, MISPRINTED = range(50, 53), ("H100", 8)

_ROBOTS = "User-agent: *\nAllow: /\n"
_NOTICE = (
    "<p><strong>Simulated page</strong>: written for the gpuledger demo, no price on it is an offer.</p>"
)
_CPU_MACHINES = (("C4", "$0.04/hr", "Free, Pro, Growth"), ("C7", "$0.30/hr", "Free, Pro, Growth"))
_SINGLE = {
    "GPU+ (M4000)": ("0.45", "Free, Pro, Growth"),
    "P4000": ("0.51", "Free, Pro, Growth"),
    "P5000": ("0.78", "Pro, Growth"),
    "P6000": ("1.10", "Pro, Growth"),
    "RTX4000": ("0.56", "Free, Pro, Growth"),
    "RTX5000": ("0.82", "Pro, Growth"),
    "A4000": ("0.76", "Pro, Growth"),
    "A5000": ("1.38", "Growth"),
    "A6000": ("1.89", "Growth"),
    "V100 / V100-32G": ("2.30", "Growth"),
    "A100": ("3.09", "Growth"),
    "A100-80G": ("3.18", "Growth"),
    "H100": ("5.95", ""),
}
_CUT = {"A100-80G": ("2.79", "Growth")}
_SEVERAL = (("A4000", 2), ("A4000", 4), ("A100", 8), ("A100-80G", 8), ("H100", 8))
_FREE_MACHINES = (
    ("Free CPU (C4)", "Free, Pro, Growth"),
    ("Free GPU (M4000)", "Free, Pro, Growth"),
    ("Free P5000", "Pro, Growth"),
    ("Free A4000", "Pro, Growth"),
    ("Free A6000", "Growth"),
    ("Free A100-80G", "Growth"),
)
_STORAGE = (("Free", "5 GB"), ("Pro", "15 GB"), ("Growth", "50 GB"))
_USER_PLANS = (("Free", "", ""), ("Pro", "$0.0119/hr", "$8.00/mo"), ("Growth", "$0.0580/hr", "$39.00/mo"))
_TEAM_PLANS = (("Free", "", ""), ("Pro", "$0.0179/hr", "$12.00/mo"), ("Growth", "$0.0580/hr", "$39.00/mo"))
_CARDS = (
    ("Free", "$ 0", ("Public projects", "Auto-shutdown (12 hour limit)", "5GB storage", "Basic instances")),
    ("Pro", "$ 8 per month", ("Private projects", "15GB storage", "Mid-range instances")),
    ("Growth", "$ 39 per month", ("Private projects", "50GB storage", "High-end instances")),
)


def answers(night: SimulatedNight) -> Iterator[Answer]:
    """What Paperspace answers in one night, for each source, robots.txt first."""
    price_list = _price_list(night.index).encode()
    for source in ("paperspace.machines", "paperspace.plans"):
        yield Answer(source, "https://docs.digitalocean.com/robots.txt", _ROBOTS.encode(), "text/plain")
        yield Answer(source, PRICE_LIST, price_list, "text/html")
    yield Answer("paperspace.plans", "https://www.paperspace.com/robots.txt", _ROBOTS.encode(), "text/plain")
    yield Answer("paperspace.plans", PLAN_CARDS, _plan_cards().encode(), "text/html")


def _price_list(night: int) -> str:
    single = _SINGLE | (_CUT if night >= PRICE_CUT else {})
    several = [*_SEVERAL, *([("A6000", 4)] if night >= NEW_MACHINE else [])]
    gpu_machines = [(name, f"${usd}/hr", tiers) for name, (usd, tiers) in single.items()]
    multi = [
        (f"{name} ×{count}", f"${_times(night, name, count) * Decimal(single[name][0])}/hr", single[name][1])
        for name, count in several
    ]
    show = _machine_cards if night == REDESIGN else _table
    return _document(
        "Paperspace Pricing",
        "<p>All Paperspace resources are billed on a per-hour basis.</p>",
        "<h3>CPU Machines</h3>",
        show(("CPU Machine", "Hourly Price", "Subscription Plan"), _CPU_MACHINES),
        "<h3>GPU Machines</h3>",
        show(("GPU Machine", "Hourly Price", "Subscription Plan"), gpu_machines),
        "<h3>Multi-GPU Machines</h3>",
        "<p>Pricing is calculated by multiplying the base rate of a single GPU by the number of GPUs.</p>",
        show(("Multi-GPU Machine", "Hourly Price", "Subscription Plan"), multi),
        "<h3>Free Machines</h3>",
        _table(("Free Machine", "Available Plans"), _FREE_MACHINES),
        "<h2>Gradient Subscription Plans</h2>",
        "<p>Each plan includes storage. Additional usage is billed at $0.29/GB/mo.</p>",
        _table(("Plan", "Included Storage"), _STORAGE),
        "<h3>User Plans</h3>",
        _table(("Plan", "Hourly Price", "Max Monthly Price"), _USER_PLANS),
        "<h3>Team Plans</h3>",
        _table(("Plan", "Hourly Price", "Max Monthly Price"), _TEAM_PLANS),
    )


def _times(night: int, name: str, count: int) -> int:
    return 1 if night in MISPRINTS and (name, count) == MISPRINTED else count


def _plan_cards() -> str:
    cards = (
        f"<div><h3>{name}</h3><div>{fee}</div>{''.join(f'<div>{line}</div>' for line in lines)}</div>"
        for name, fee, lines in _CARDS
    )
    return _document("Plans that grow with you", *cards)


def _document(title: str, *parts: str) -> str:
    head = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
    body = "\n".join((f"<h1>{title}</h1>", _NOTICE, *parts))
    return f"{head}<body>\n{body}\n</body></html>\n"


def _table(headers: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{header}</th>" for header in headers)
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"


def _machine_cards(headers: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """The same rows as the redesign shows them: no table, no headers."""
    return "\n".join(f"<div>{''.join(f'<span>{cell}</span> ' for cell in row)}</div>" for row in rows)
