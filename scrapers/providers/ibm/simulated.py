"""IBM in the demo, from night 50 on: two pages of the catalogue, and the table of plans."""

from __future__ import annotations

import json
from collections.abc import Iterator

from scrapers.simulation import Answer, SimulatedNight

JOINS = 50
_URL = "https://globalcatalog.cloud.ibm.com/api/v1?q=is.instance&_limit=200&_offset={offset}"
_PLANS = "https://dataplatform.cloud.ibm.com/docs/content/wsj/getting-started/wml-plans.html"
_PROFILES = (
    (
        "bx2-2x8",
        "gx2-8x64x1v100",
        "gx2-16x128x2v100",
        "gx3-16x80x1l4",
        "gx3-24x120x1l40s",
        "gx3-48x240x2l40s",
    ),
    ("gx3-64x320x4l4", "gx3d-160x1792x8h100", "gx3d-160x1792x8h200", "gx3d-208x1792x8mi300x", "cx2-2x4"),
)
_TABLE = """<!doctype html><html lang="en"><head><title>Plans (simulated)</title></head><body>
<p>Simulated page: written for the gpuledger demo.</p><h2>Plans</h2>
<table><tr><th>Feature</th><th>Lite</th><th>Standard</th></tr>
<tr><td>Capacity Unit Hours (CUH)</td><td>20 CUH per month</td><td>billed by use</td></tr></table>
</body></html>
"""


def answers(night: SimulatedNight) -> Iterator[Answer]:
    """What the catalogue and the page of plans answer in one night."""
    if night.index < JOINS:
        return
    profiles, plans = "ibm.profiles", "ibm.plans"
    for source, host in ((profiles, "globalcatalog.cloud.ibm.com"), (plans, "dataplatform.cloud.ibm.com")):
        yield Answer(source, f"https://{host}/robots.txt", b"User-agent: *\nAllow: /\n", "text/plain")
    for page, names in enumerate(_PROFILES):
        resources = [{"name": name, "kind": "instance.profile", "id": name} for name in names]
        further = _URL.format(offset=200) if page == 0 else None
        body = json.dumps({"offset": 200 * page, "resources": resources, "next": further})
        yield Answer(profiles, _URL.format(offset=200 * page), body.encode(), "application/json")
    yield Answer(plans, _PLANS, _TABLE.encode(), "text/html")
