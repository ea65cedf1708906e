"""Deepnote in the demo, from night 50 on: three cards, with the figures of June 2026."""

from __future__ import annotations

from collections.abc import Iterator

from scrapers.simulation import Answer, SimulatedNight

SOURCE = "deepnote.plans"
JOINS = 50
_PAGE = """<!doctype html><html lang="en"><head><title>Pricing (simulated)</title></head><body>
<p>Simulated page: written for the gpuledger demo, no price on it is an offer.</p>
<section><h3>Free</h3><div>$0</div><div>Up to 3 editors, 5 projects</div>
<div>Basic machine with 5 GB RAM, 2 vCPU</div>
<div>No GPU on this plan.</div></section>
<section><h3>Team</h3><div>$39 per editor / month</div>
<div>$31.20 per editor / month billed annually</div><div>$50 of GPU per month</div></section>
<section><h3>Enterprise</h3><div>Talk to us</div></section></body></html>
"""


def answers(night: SimulatedNight) -> Iterator[Answer]:
    """What the pricing page answers in one night."""
    if night.index < JOINS:
        return
    yield Answer(SOURCE, "https://deepnote.com/robots.txt", b"User-agent: *\nAllow: /\n", "text/plain")
    yield Answer(SOURCE, "https://deepnote.com/pricing", _PAGE.encode(), "text/html")
