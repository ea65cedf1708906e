import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scrapers.formats.yaml_file import YamlFile
from scrapers.page import Capture, Html, Json, PageBroken
from scrapers.providers.google_cloud import page

COST = {"hour": 29.4, "hour_spot": 11.8, "month": 21462.0, "month_1y": 13518.0}
SELECTED = '<div role="option" aria-selected="true" data-value="Iowa (us-central1)">Iowa</div>'


def listed(**machines: dict[str, Any]) -> dict[str, Any]:
    return {"compute": {"instance": {name.replace("_", "-"): parts for name, parts in machines.items()}}}


def table(price_header: str, *rows: tuple[str, str]) -> str:
    body = "".join(f"<tr><td>{name}</td><td>7&nbsp;GiB</td><td>{price}</td></tr>" for name, price in rows)
    return f"<table><tr><th>Machine type</th><th>Memory</th><th>{price_header}</th></tr>{body}</table>"


def test_a_price_is_for_the_machine_and_spot_stands_apart(
    payload: Callable[..., Json], answered: Any
) -> None:
    machine = {"a100": 8, "cpu": 96, "ram": 680, "cost": {"us-central1": COST}}
    found = answered(page.machines, [payload(listed(a2_highgpu_8g=machine))])
    on_demand = {
        "offer_key": "us-central1:a2-highgpu-8g",
        "instance_type": "a2-highgpu-8g",
        "region": "us-central1",
        "country": "US",
        "pricing_model": "on_demand",
        "usd_per_hour": 29.4,
        "usd_per_gpu_hour": 3.675,
        "price_as_shown": "29.4",
        "currency": "USD",
        "gpu_as_shown": "a100",
        "gpu_model": "A100",
        "gpu_is_known": True,
        "gpu_form_factor": "SXM",
        "gpu_memory_gib": 40,
        "gpu_count": 8,
        "vcpus": 96,
        "ram_gib": 680,
        "availability": "unknown",
    }
    spot = on_demand | {
        "pricing_model": "spot",
        "usd_per_hour": 11.8,
        "usd_per_gpu_hour": 1.475,
        "price_as_shown": "11.8",
    }
    assert found.in_full == [on_demand, spot]
    assert not found.notes.counts


def test_a_region_without_a_price_does_not_sell_and_no_price_is_zero(
    payload: Callable[..., Json], answered: Any
) -> None:
    machine = {"l4": 1, "cpu": 4, "ram": 16, "cost": {"us-central1": {"hour": 0.7}, "us-east1": {}}}
    found = answered(page.machines, [payload(listed(g2_standard_4=machine))])
    assert [row.values["offer_key"] for row in found.rows] == ["us-central1:g2-standard-4"]
    free = {"l4": 1, "cpu": 4, "ram": 16, "cost": {"us-central1": {"hour": 0}}}
    found = answered(page.machines, [payload(listed(g2_standard_4=free))])
    assert [refused.reason for refused in found.refused] == ["g2-standard-4 in us-central1 costs 0.0"]


def test_what_nobody_can_have_on_demand_is_spot_only_and_parts_of_gpus_are_left_out(
    payload: Callable[..., Json], answered: Any
) -> None:
    small = {"h100-80gb": 1, "cpu": 26, "ram": 234, "cost": {"us-central1": COST}}
    part = {"rtx6000": 0.25, "cpu": 12, "ram": 45, "cost": {"us-central1": COST}}
    found = answered(page.machines, [payload(listed(a3_highgpu_1g=small, g4_standard_12=part))])
    assert [(row.values["instance_type"], row.values["pricing_model"]) for row in found.rows] == [
        ("a3-highgpu-1g", "spot")
    ]


@pytest.mark.parametrize("value", [{}, {"compute": {"instance": {}}}, listed(e2={"cpu": 4})])
def test_a_list_without_gpus_is_broken(payload: Callable[..., Json], answered: Any, value: Any) -> None:
    with pytest.raises(PageBroken):
        answered(page.machines, [payload(value)])


def test_googles_pages_price_the_region_that_is_selected(html: Callable[..., Html], answered: Any) -> None:
    rows = (("g2-standard-24", "$2.0008 / 1 hour"), ("e2-standard-4", "$0.13 / 1 hour"))
    on_demand = html(SELECTED + table("Default* (USD)", *rows))
    spot = html(SELECTED + table("Current Spot pricing (USD)", ("g2-standard-24", "$0.80 / 1 hour")))
    found = answered(page.iowa, [on_demand, spot])
    prices = {row.values["pricing_model"]: row.values for row in found.rows}
    assert len(found.rows) == 2
    assert (prices["on_demand"]["usd_per_gpu_hour"], prices["on_demand"]["region"]) == (1.0004, "us-central1")
    assert (prices["spot"]["usd_per_hour"], prices["spot"]["gpu_count"]) == (0.8, 2)


def test_a_page_that_does_not_say_its_region_is_never_labelled(
    html: Callable[..., Html], answered: Any
) -> None:
    text = table("Default* (USD)", ("g2-standard-24", "$2.0008 / 1 hour"))
    elsewhere = SELECTED.replace("Iowa (us-central1)", "Oregon (us-west1)")
    for page_text in (text, SELECTED + elsewhere + text):
        with pytest.raises(PageBroken, match="has no region"):
            answered(page.iowa, [html(page_text)])


def test_a_price_of_a_month_is_refused(html: Callable[..., Html], answered: Any) -> None:
    text = SELECTED + table("Default* (USD)", ("g2-standard-24", "$1460 / month"))
    found = answered(page.iowa, [html(text)])
    assert (found.rows, len(found.refused)) == ([], 1)


def test_the_trial_is_read_from_its_words(html: Callable[..., Html], answered: Any) -> None:
    text = "<p>The 90-day, $300 Free Trial is for new customers.</p><li>You can't add GPUs to your VMs.</li>"
    found = answered(page.trial, [html(text)]).terms
    assert found["Free trial", "credit_usd"]["value_number"] == 300
    assert found["Free trial", "credit_days"]["value_number"] == 90
    assert found["Free trial", "gpu_models"]["state"] == "absent"
    assert found["Free trial", "requires_card"]["state"] == "unknown"
    with pytest.raises(PageBroken):
        answered(page.trial, [html("<p>Welcome.</p>")])


def test_the_real_list(captures_dir: Path, answered: Any) -> None:
    body = gzip.decompress((captures_dir / "gcp" / "cyclenerd-pricing.2026-07-30.yml.gz").read_bytes())
    at = datetime(2026, 7, 30, tzinfo=UTC)
    document = YamlFile().opened(Capture("a.b", "https://example.com/p.yml", at, 200, "text/plain", body))
    found = answered(page.machines, [document])
    africa = {
        row.values["pricing_model"]: row.values["usd_per_hour"]
        for row in found.rows
        if row.values["offer_key"] == "africa-south1:a2-highgpu-1g"
    }
    assert africa == {"on_demand": 4.80478794, "spot": 0.65224}
    assert len(found.rows) > 1000
    assert (found.refused, found.notes.counts) == ([], {})
