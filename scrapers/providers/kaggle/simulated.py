"""Kaggle in the demo, from night 56 on: two pages that scripts fill; the TPU quota falls on night 58."""

from __future__ import annotations

import json
from collections.abc import Iterator

from scrapers.simulation import Answer, SimulatedNight

SOURCE = "kaggle.terms"
JOINS, FEWER_TPU_HOURS = 56, 58
_SITE = "https://www.kaggle.com"
_SHELL = """<!doctype html><html lang="en"><head><title>Kaggle (simulated)</title>
<link rel="icon" href="data:,"></head><body>
<p>Simulated page: written for the gpuledger demo.</p><main></main><script>
const lines = {lines};
for (const line of lines)
  document.querySelector("main").appendChild(document.createElement("p")).textContent = line;
</script></body></html>
"""
_NOTEBOOKS = (
    "12 hours execution time for CPU and GPU notebook sessions and 9 hours for TPU notebook sessions.",
    "20 Gigabytes of auto-saved disk space (/kaggle/working).",
    "P100 GPU: 1 Nvidia Tesla P100 GPU, 4 CPU cores, 29 Gigabytes of RAM.",
    "T4 x2 GPU: 2 Nvidia Tesla T4 GPUs.",
    "Phone verification is needed for accelerators.",
)
_QUOTAS = (
    "Your quota is 30 hours of GPU per week or sometimes higher.",
    "There are {tpu} hours of TPU per week.",
)


def answers(night: SimulatedNight) -> Iterator[Answer]:
    """What the two pages answer in one night."""
    if night.index < JOINS:
        return
    tpu = 20 if night.index < FEWER_TPU_HOURS else 15
    yield Answer(SOURCE, f"{_SITE}/robots.txt", b"User-agent: *\nAllow: /\n", "text/plain")
    quotas = [line.replace("{tpu}", str(tpu)) for line in _QUOTAS]
    for path, lines in (("notebooks", list(_NOTEBOOKS)), ("efficient-gpu-usage", quotas)):
        page = _SHELL.replace("{lines}", json.dumps(lines))
        yield Answer(SOURCE, f"{_SITE}/docs/{path}", page.encode(), "text/html")
