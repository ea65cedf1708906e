"""EC2 spot offers, read from our own small feeds and from real ones of 2021 where those are at hand."""

from __future__ import annotations

import copy
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scrapers.page import Capture, PageBroken
from scrapers.parse import Parsed, parse
from scrapers.providers.aws.instances import accelerators
from scrapers.registry import source

HERE = Path(__file__).parent
SLOT = datetime(2026, 9, 21, 3, tzinfo=UTC)
SPOT: dict[str, Any] = json.loads((HERE / "spot.json").read_text(encoding="utf-8"))
ADVISOR: dict[str, Any] = json.loads((HERE / "advisor.json").read_text(encoding="utf-8"))
URLS = {request.label: request.url for request in source("aws.spot").requests}


def parsed(**bodies: Any) -> Parsed:
    captures = [
        Capture(
            "aws.spot",
            URLS[label],
            SLOT,
            200,
            "application/json",
            body if isinstance(body, bytes) else json.dumps(body).encode(),
            label=label,
        )
        for label, body in bodies.items()
    ]
    return parse(source("aws.spot"), captures, slot=SLOT, run_id="run")


def rows(result: Parsed) -> dict[str, dict[str, Any]]:
    found = {row["offer_key"]: row for row in result.frames["offers"].to_dicts()}
    assert len(found) == result.frames["offers"].height
    return found


def priced(shown: str) -> dict[str, Any]:
    """The feed with another Linux price for p5.48xlarge."""
    feed = copy.deepcopy(SPOT)
    size = feed["config"]["regions"][0]["instanceTypes"][0]["sizes"][0]
    size["valueColumns"][0]["prices"]["USD"] = shown
    return feed


def test_gpu_and_accelerator_types_become_offers_whatever_their_bucket() -> None:
    result = parsed(spot=SPOT, advisor=ADVISOR)
    found = rows(result)
    assert set(found) == {
        "us-east-1:p5.48xlarge",
        "us-east-1:g4dn.12xlarge",
        "eu-central-1:inf2.xlarge",
        "eu-central-1:g5.xlarge",
    }
    facts = {
        "pricing_model": "spot",
        "instance_type": "p5.48xlarge",
        "usd_per_hour": 24.4,
        "usd_per_gpu_hour": 3.05,
        "price_as_shown": "24.4000",
        "currency": "USD",
        "gpu_as_shown": "H100",
        "gpu_model": "H100",
        "gpu_form_factor": "SXM",
        "gpu_count": 8,
        "gpu_memory_gib": 80.0,
        "vcpus": 192.0,
        "ram_gib": 2048.0,
        "region": "us-east-1",
        "country": "US",
        "availability": "unknown",
        "interruption_low": 0.2,
        "interruption_high": 1.0,
    }
    assert {name: found["us-east-1:p5.48xlarge"][name] for name in facts} == facts
    assert found["us-east-1:g4dn.12xlarge"]["interruption_low"] == 0.0
    assert found["us-east-1:g4dn.12xlarge"]["interruption_high"] == 0.05
    assert found["eu-central-1:g5.xlarge"]["gpu_memory_gib"] == 24.0
    assert found["eu-central-1:inf2.xlarge"]["usd_per_hour"] == 0.095
    assert (result.rejected, result.notes.counts) == ([], {})


def test_a_pair_that_the_advisor_lacks_has_no_band() -> None:
    row = rows(parsed(spot=SPOT, advisor=ADVISOR))["eu-central-1:inf2.xlarge"]
    assert (row["interruption_low"], row["interruption_high"]) == (None, None)
    assert (row["vcpus"], row["ram_gib"]) == (None, None)


def test_prices_stand_without_the_advisor_but_not_without_the_feed() -> None:
    found = rows(parsed(spot=SPOT))
    assert found["us-east-1:p5.48xlarge"]["usd_per_hour"] == 24.4
    assert found["us-east-1:p5.48xlarge"]["interruption_high"] is None
    with pytest.raises(PageBroken, match=r"spot\.json"):
        parsed(advisor=ADVISOR)


@pytest.mark.parametrize("shown", ["N/A", "N/A*", "N/A**"])
def test_what_is_not_sold_is_no_offer(shown: str) -> None:
    result = parsed(spot=priced(shown), advisor=ADVISOR)
    assert "us-east-1:p5.48xlarge" not in rows(result)
    assert result.rejected == []


@pytest.mark.parametrize("shown", ["", "soon", "NaN", "1,5"])
def test_a_price_that_cannot_be_read_is_quarantined_not_zero(shown: str) -> None:
    result = parsed(spot=priced(shown), advisor=ADVISOR)
    assert "us-east-1:p5.48xlarge" not in rows(result)
    (rejected,) = result.rejected
    assert repr(shown) in rejected.reason
    assert json.loads(rejected.record)["size"] == "p5.48xlarge"


def test_what_nobody_declared_is_a_finding() -> None:
    feed = copy.deepcopy(SPOT)
    feed["published"] = "2026-09-21"
    east = feed["config"]["regions"][0]
    east["zone"] = "a"
    for name, bucket in (("p9.96xlarge", 0), ("u9.large", 0), ("g9.metal", 1), ("m9.large", 1)):
        size = copy.deepcopy(east["instanceTypes"][0]["sizes"][0])
        east["instanceTypes"][bucket]["sizes"].append(size | {"size": name})
    feed["config"]["regions"][1]["region"] = "moon-north-1"
    advice = copy.deepcopy(ADVISOR)
    advice["ranges"][0]["label"] = "seldom"
    advice["built"] = 1
    result = parsed(spot=feed, advisor=advice)
    assert set(result.notes.counts) == {
        ("new_field", "published"),
        ("new_field", "zone"),
        ("new_field", "built"),
        ("unknown_word", "seldom"),
        ("unknown_region", "moon-north-1"),
        ("unknown_instance_type", "p9.96xlarge"),
        ("unknown_instance_type", "u9.large"),
        ("unknown_instance_type", "g9.metal"),
    }
    assert rows(result)["us-east-1:g4dn.12xlarge"]["interruption_low"] is None
    assert rows(result)["moon-north-1:g5.xlarge"]["country"] is None


@pytest.mark.parametrize(
    "feed",
    [
        b"<html><title>Error</title></html>",
        {},
        {"config": None},
        {"config": {"rate": "perhr", "regions": [{"region": "us-east"}]}},
        {"config": {"rate": "perday", "regions": []}},
    ],
)
def test_a_feed_that_is_built_otherwise_breaks_the_scrape(feed: Any) -> None:
    with pytest.raises(PageBroken):
        parsed(spot=feed, advisor=ADVISOR)


def test_an_advisor_that_is_built_otherwise_breaks_the_scrape() -> None:
    with pytest.raises(PageBroken, match="advisor"):
        parsed(spot=SPOT, advisor={"ranges": []})


LEGACY = {
    "us-east": "us-east-1",
    "us-east-2": "us-east-2",
    "us-west": "us-west-1",
    "eu-ireland": "eu-west-1",
    "apac-syd": "ap-southeast-2",
}
SHARES = {0: (0.0, 0.05), 1: (0.05, 0.1), 2: (0.1, 0.15), 3: (0.15, 0.2), 4: (0.2, 1.0)}


def test_real_feeds_of_2021_give_the_figures_that_stand_in_them(captures_dir: Path) -> None:
    spot = (captures_dir / "aws" / "spot-price-data.2021-04-06.json").read_bytes()
    advisor = (captures_dir / "aws" / "spot-advisor-data.2021-02-10.json").read_bytes()
    advice = json.loads(advisor)["spot_advisor"]
    expected = {}
    for region in json.loads(spot)["config"]["regions"]:
        for shelf in region["instanceTypes"]:
            for size in shelf["sizes"]:
                shown = size["valueColumns"][0]["prices"]["USD"]
                if shelf["type"] == "gpuCurrentGen" and shown != "N/A*":
                    expected[f"{LEGACY[region['region']]}:{size['size']}"] = shown
    result = parsed(spot=spot, advisor=advisor)
    found = rows(result)
    assert len(expected) == 117
    assert {key: row["price_as_shown"] for key, row in found.items()} == expected
    for key, row in found.items():
        region, _, name = key.partition(":")
        assert row["usd_per_hour"] == float(expected[key])
        said = advice[region]["Linux"].get(name)
        shares = SHARES[said["r"]] if said else (None, None)
        assert (row["interruption_low"], row["interruption_high"]) == shares
    assert found["us-east-1:p3.16xlarge"]["usd_per_gpu_hour"] == 7.344 / 8
    assert (result.rejected, result.notes.counts) == ([], {})


def test_instance_facts_agree_with_what_aws_describes(captures_dir: Path) -> None:
    described = 0
    for page in sorted((captures_dir / "aws").glob("describe-instance-types.page*.json.gz")):
        for machine in json.loads(gzip.decompress(page.read_bytes())):
            kinds = [
                *machine.get("GpuInfo", {}).get("Gpus", []),
                *machine.get("NeuronInfo", {}).get("NeuronDevices", []),
            ]
            for device in kinds:
                known = accelerators(machine["InstanceType"])
                assert known is not None, machine["InstanceType"]
                assert (known.gpu, known.count) == (device["Name"], device["Count"])
                assert known.memory_gib == pytest.approx(device["MemoryInfo"]["SizeInMiB"] / 1024, rel=0.08)
                described += 1
    assert described > 50
