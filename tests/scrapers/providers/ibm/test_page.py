import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scrapers.page import FetchRequest, Html, Json, PageBroken
from scrapers.providers.ibm import page

PLANS = """<h2>Plans</h2><table><tr><th>Feature</th><th>Lite</th><th>Standard</th></tr>
<tr><td>Deployments</td><td>5</td><td>10</td></tr>
<tr><td>Capacity Unit Hours</td><td>50 CUH a month</td><td>billed by use</td></tr></table>"""


def resources(*names: str, **fields: Any) -> dict[str, Any]:
    return {"resources": [{"name": name, "kind": "instance.profile"} for name in names], **fields}


def test_a_name_says_the_machine_and_the_price_stays_unknown(
    payload: Callable[..., Json], answered: Any
) -> None:
    found = answered(page.profiles, [payload(resources("gx2-16x128x2v100", "bx2-2x8"))])
    # Without usd_per_hour and usd_per_gpu_hour, which nobody states.
    assert found.in_full == [
        {
            "offer_key": "gx2-16x128x2v100",
            "instance_type": "gx2-16x128x2v100",
            "pricing_model": "on_demand",
            "price_as_shown": "not stated",
            "currency": "USD",
            "gpu_as_shown": "v100",
            "gpu_model": "V100",
            "gpu_is_known": True,
            "gpu_memory_gib": 16,
            "gpu_count": 2,
            "vcpus": 16,
            "ram_gib": 128,
            "availability": "unknown",
        }
    ]
    (row,) = found.offers.values()
    assert (row["usd_per_hour"], row["usd_per_gpu_hour"]) == (None, None)
    assert not found.notes.counts


def test_a_gpu_that_nobody_knows_is_reported(payload: Callable[..., Json], answered: Any) -> None:
    found = answered(page.profiles, [payload(resources("gx9-16x128x2z9"))])
    assert found.offers["gx9-16x128x2z9"]["gpu_is_known"] is False
    assert found.notes.counts["unknown_gpu", "z9"] == 1


def test_the_walk_goes_on_to_the_last_page(payload: Callable[..., Json]) -> None:
    first = payload(resources("bx2-2x8", next="https://globalcatalog.cloud.ibm.com/api/v1?_offset=200"))
    (further,) = page.profiles.follow(FetchRequest("https://globalcatalog.cloud.ibm.com/api/v1"), first)
    assert further.url.endswith("_offset=200")
    assert list(page.profiles.follow(further, payload(resources("bx2-2x8")))) == []


@pytest.mark.parametrize("value", [resources("bx2-2x8"), {"resources": []}, {"errors": []}])
def test_a_catalogue_without_gpus_is_no_answer(
    payload: Callable[..., Json], answered: Any, value: Any
) -> None:
    with pytest.raises(PageBroken):
        answered(page.profiles, [payload(value)])


def test_a_plan_states_its_units_or_stays_unknown(html: Callable[..., Html], answered: Any) -> None:
    found = answered(page.plans, [html(PLANS)]).terms
    lite = found["Lite", "compute_units"]
    assert (lite["value_number"], lite["unit"], lite["state"]) == (
        50,
        "capacity unit hours a month",
        "present",
    )
    assert lite["quote"] == "Capacity Unit Hours: 50 CUH a month"
    assert found["Standard", "compute_units"]["unit"] is None
    assert found["Standard", "compute_units"]["state"] == "unknown"
    with pytest.raises(PageBroken, match="no table compares"):
        answered(page.plans, [html("<p>Moved.</p>")])


def plans(headers: str, *rows: str) -> str:
    """A table of plans, its cells parted by bars."""
    head, *body = (row.split("|") for row in (headers, *rows))
    lines = ["".join(f"<th>{cell}</th>" for cell in head)]
    lines += ["".join(f"<td>{cell}</td>" for cell in row) for row in body]
    return f"<h2>Plans</h2><table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def test_an_amount_is_units_and_never_a_price_or_a_rate(html: Callable[..., Html], answered: Any) -> None:
    text = plans(
        "Feature|Lite|Essentials|Standard|Professional",
        "GPU rate in capacity units an hour|1|2|V100: 3|4",
        "Capacity Unit Hours|20 per month|$0.52 per CUH|$1,050 per month|2,500 CUH, then $0.42 per CUH",
    )
    found = answered(page.plans, [html(text)]).terms
    assert {tier: row["value_number"] for (tier, _), row in found.items()} == {
        "Lite": 20,
        "Essentials": None,
        "Standard": None,
        "Professional": 2500,
    }
    assert found["Essentials", "compute_units"]["state"] == "unknown"


def test_a_table_without_capacity_units_is_broken(html: Callable[..., Html], answered: Any) -> None:
    with pytest.raises(PageBroken, match="has a row of capacity unit hours"):
        answered(page.plans, [html(plans("Feature|Lite|Standard", "Deployments|5|10"))])


def test_a_gpu_name_that_cannot_be_read_is_kept_in_quarantine(
    payload: Callable[..., Json], answered: Any
) -> None:
    found = answered(page.profiles, [payload(resources("gx3-16x80x1l4", "gx4d-160x1792-8b200", "bx2-2x8"))])
    assert list(found.offers) == ["gx3-16x80x1l4"]
    (refused,) = found.refused
    assert refused.reason == "'gx4d-160x1792-8b200' does not say its GPUs in the known way"


def test_a_profile_on_two_pages_is_one_offer(payload: Callable[..., Json], answered: Any) -> None:
    pages = [payload(resources("gx3-16x80x1l4", count=2)), payload(resources("gx3-16x80x1l4", count=2))]
    found = answered(page.profiles, pages)
    assert list(found.offers) == ["gx3-16x80x1l4"]
    assert not found.notes.counts


def test_a_walk_that_stops_early_is_reported(payload: Callable[..., Json], answered: Any) -> None:
    found = answered(page.profiles, [payload(resources("gx3-16x80x1l4", count=310))])
    assert found.notes.details["truncated", "profiles"] == "1 of 310 resources were listed"


def test_what_is_no_resource_breaks_the_page(payload: Callable[..., Json], answered: Any) -> None:
    with pytest.raises(PageBroken, match="which is not a resource"):
        answered(page.profiles, [payload({"resources": ["gx3-16x80x1l4"]})])


def test_the_real_names_are_all_understood(
    captures_dir: Path, payload: Callable[..., Json], answered: Any
) -> None:
    with (captures_dir / "ibm" / "vms.csv").open(encoding="utf-8") as file:
        machines = {row["InstanceType"]: row for row in csv.DictReader(file) if row["AcceleratorName"]}
    found = answered(page.profiles, [payload(resources(*machines))])
    assert found.offers.keys() == machines.keys()
    assert {name: row["gpu_count"] for name, row in found.offers.items()} == {
        name: int(float(row["AcceleratorCount"])) for name, row in machines.items()
    }
    assert not found.notes.counts
