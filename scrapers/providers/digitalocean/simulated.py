"""DigitalOcean in the demo, from night 50 on: both tables in their true shape; spot prices move daily."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scrapers.simulation import Answer, SimulatedNight, level

SOURCE = "digitalocean.droplets"
PAGE = "https://docs.digitalocean.com/products/droplets/details/pricing/"
JOINS = 50
_ON_DEMAND = {
    "AMD MI300X": 2.59,
    "AMD MI325X": 3.80,
    "NVIDIA H100": 4.41,
    "NVIDIA H200": 4.47,
    "NVIDIA L40s": 1.57,
    "NVIDIA RTX 4000": 0.76,
    "NVIDIA RTX 6000": 1.57,
}
_SPOT = {"AMD MI350X": 4.00, "AMD MI355X": 4.50, "NVIDIA B300, air-cooled": 11.19}
_SINGLE_ONLY = {"NVIDIA L40s", "NVIDIA RTX 4000", "NVIDIA RTX 6000"}


def answers(night: SimulatedNight) -> Iterator[Answer]:
    """What the price list answers in one night."""
    if night.index < JOINS:
        return
    robots = b"User-agent: *\nAllow: /\n"
    yield Answer(SOURCE, "https://docs.digitalocean.com/robots.txt", robots, "text/plain")
    yield Answer(SOURCE, PAGE, _page(night.index).encode(), "text/html")


def _page(night: int) -> str:
    spot = {
        name: round(usd * level(f"digitalocean {name}", night, spread=0.0, chance=0.5, step=0.05), 2)
        for name, usd in _SPOT.items()
    }
    return (
        "<!doctype html><html lang='en'><head><title>Droplet pricing (simulated)</title></head><body>"
        "<p>Simulated page: written for the gpuledger demo, no price on it is an offer.</p>"
        f"<h2>On-Demand GPU Droplet Pricing</h2>{_table(_ON_DEMAND)}"
        f"<h2>Spot GPU Droplet Pricing</h2>{_table(spot)}</body></html>"
    )


def _table(prices: dict[str, float]) -> str:
    rows = "".join(f"<tr><td>{name}</td><td>${usd:.2f} per hour</td></tr>" for name, usd in _sizes(prices))
    return f"<table><thead><tr><th>GPU</th><th>Price</th></tr></thead><tbody>{rows}</tbody></table>"


def _sizes(prices: dict[str, float]) -> Iterable[tuple[str, float]]:
    for name, usd in prices.items():
        yield name, usd
        if name not in _SINGLE_ONLY:
            yield f"{name} (8x)", 8 * usd
