"""Vertex AI in the demo, from night 50 on: tables of training and of prediction, not to be mixed up."""

from __future__ import annotations

from collections.abc import Iterator

from scrapers.simulation import Answer, SimulatedNight

SOURCE = "vertex_ai.training"
JOINS = 50
# Machine type -> USD per hour of training in Iowa.
_TRAINING = {
    "a2-highgpu-1g": 4.425248,
    "a2-highgpu-8g": 35.401984,
    "a2-ultragpu-1g": 6.208592,
    "a3-highgpu-8g": 101.007352,
    "g2-standard-4": 0.81286,
    "g2-standard-24": 2.30092,
    "g2-standard-96": 9.20368,
    "n1-standard-4": 0.21849,
}


def answers(night: SimulatedNight) -> Iterator[Answer]:
    """What the pricing page answers in one night."""
    if night.index < JOINS:
        return
    robots = b"User-agent: *\nAllow: /\n"
    yield Answer(SOURCE, "https://cloud.google.com/robots.txt", robots, "text/plain")
    yield Answer(SOURCE, "https://cloud.google.com/vertex-ai/pricing", _page().encode(), "text/html")


def _page() -> str:
    return (
        "<html><body><p>Simulated page: written for the gpuledger demo, no price on it is an offer.</p>"
        '<div role="option" aria-selected="true" data-value="Iowa (us-central1)">Iowa</div>'
        f"<h3>Custom-trained models: training</h3>{_table(1.0)}"
        f"<h3>Custom-trained models: prediction</h3>{_table(1.15)}</body></html>"
    )


def _table(dearer: float) -> str:
    rows = "".join(
        f"<tr><td>{name}</td><td>${usd * dearer:.6f} / 1 hour</td></tr>" for name, usd in _TRAINING.items()
    )
    return f"<table><tr><th>Machine type</th><th>Price (USD)</th></tr>{rows}</table>"
