"""Google Colab in the demo: a sign-up page that only a browser can read, and a FAQ that loses words.

The figures of night 0 are those of 2025: Pro 9.99 USD with 100 units, Pro+ 49.99 with 500. Pro+ has 600
units from night 15, the FAQ names one GPU fewer from night 28, and from night 50 it no longer speaks of idle
runtimes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from scrapers.simulation import Answer, SimulatedNight

SIGNUP = "https://colab.research.google.com/signup?hl=en"
SCRIPT = "https://colab.research.google.com/signup/plans.js"
PLANS = "https://colab.research.google.com/signup/plans.json"
FAQ = "https://research.google.com/colaboratory/faq.html"
MORE_UNITS, FEWER_GPUS, IDLE_UNSAID = 15, 28, 50

_ROBOTS = b"User-agent: *\nAllow: /\n"
_NOTICE = (
    "<p><strong>Simulated page</strong>: written for the gpuledger demo, no price on it is an offer.</p>"
)
# The shell names no plan and no price: what is read from this page, a browser has put there.
_SHELL = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Choose a plan</title><link rel="icon" href="data:,"></head>
<body><h1>Choose a plan</h1>
{_NOTICE}
<main id="plans"></main>
<script src="/signup/plans.js"></script>
</body></html>
"""
_RENDER = """async function show() {
  const response = await fetch("/signup/plans.json");
  const { plans } = await response.json();
  for (const plan of plans) {
    const card = document.createElement("section");
    for (const [tag, text] of [["h2", plan.name], ...plan.lines.map((line) => ["div", line])]) {
      card.appendChild(document.createElement(tag)).textContent = text;
    }
    document.getElementById("plans").appendChild(card);
  }
}
show();
"""
_EXPIRY = "Compute units expire after 90 days."


def answers(night: SimulatedNight) -> Iterator[Answer]:
    """What Colab answers in one night, for each source, robots.txt first."""
    plans = "google_colab.plans"
    yield Answer(plans, "https://colab.research.google.com/robots.txt", _ROBOTS, "text/plain")
    yield Answer(plans, SIGNUP, _SHELL.encode(), "text/html")
    yield Answer(plans, SCRIPT, _RENDER.encode(), "text/javascript")
    yield Answer(plans, PLANS, _plans(night.index).encode(), "application/json")
    faq = "google_colab.free_tier"
    yield Answer(faq, "https://research.google.com/robots.txt", _ROBOTS, "text/plain")
    yield Answer(faq, FAQ, _faq(night.index).encode(), "text/html")


def _plans(night: int) -> str:
    units = 600 if night >= MORE_UNITS else 500
    cards = {
        "Pay As You Go": (
            "$9.99 for 100 compute units",
            "$49.99 for 500 compute units",
            _EXPIRY,
            "No subscription required.",
        ),
        "Colab Pro": ("$9.99 per month", "100 compute units per month", _EXPIRY),
        "Colab Pro+": (
            "$49.99 per month",
            f"An additional {units - 100} compute units for a total of {units} per month",
            _EXPIRY,
            "Background execution: a running notebook keeps running for up to 24 hours.",
        ),
        "Colab Enterprise": ("Billed by Google Cloud.",),
    }
    shown = [{"name": name, "lines": lines} for name, lines in cards.items()]
    return json.dumps({"plans": shown}, indent=1)


def _faq(night: int) -> str:
    gpus = "Nvidia T4s" if night >= FEWER_GPUS else "Nvidia T4s and P100s"
    idle = "" if night >= IDLE_UNSAID else "<p>Runtimes will time out if you are idle.</p>"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Frequently Asked Questions</title></head>
<body><h1>Frequently Asked Questions</h1>
{_NOTICE}
<h3>What are the limitations?</h3>
<p>Colab resources are not guaranteed and not unlimited, and usage limits sometimes fluctuate.</p>
<h3>What types of GPUs are available in Colab?</h3>
<p>The types of GPUs that are available vary over time. The GPUs available in Colab often include {gpus}.</p>
<h3>How long can notebooks run in Colab?</h3>
{idle}
<p>In the version of Colab that is free of charge notebooks can run for at most 12 hours.
Colab Pro+ supports background execution for up to 24 hours. Background execution is only available there.</p>
</body></html>
"""
