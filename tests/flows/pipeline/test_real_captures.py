"""Real responses, put into an archive by hand and replayed by the whole flow.

Counts and prices are computed here from the raw files, independently of the parsers.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from warehouse.session import read_warehouse
from warehouse.storage import FileStorage

AT = "2026-08-22T18:14:42+00:00"
BUNDLES = "https://console.vast.ai/api/v0/bundles/"


@pytest.fixture(scope="module")
def home(
    captures_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
    gpuledger: Callable[..., subprocess.CompletedProcess[str]],
    gpuledger_anew: Callable[..., subprocess.CompletedProcess[str]],
) -> Path:
    """A data folder whose one night was read from the real captures."""
    home = tmp_path_factory.mktemp("real") / "home"
    archive = home / "captures"
    answers = [
        ("vast_ai.market", BUNDLES, "vast/h100_sxm_asc.2026-08.json", ["--asked", '{"order": "asc"}']),
        ("vast_ai.market", BUNDLES, "vast/h100_sxm_desc.2026-08.json", ["--asked", '{"order": "desc"}']),
        (
            "aws.spot",
            "https://website.spot.ec2.aws.a2z.com/spot.json",
            "aws/spot-price-data.2021-04-06.json",
            [],
        ),
        (
            "aws.spot",
            "https://spot-bid-advisor.s3.amazonaws.com/spot-advisor-data.json",
            "aws/spot-advisor-data.2021-02-10.json",
            [],
        ),
        (
            "paperspace.machines",
            "https://docs.digitalocean.com/products/paperspace/pricing/",
            "paperspace/instance-types.2021-11-12.md",
            ["--media-type", "text/markdown"],
        ),
    ]
    for source, url, file, more in answers:
        added = gpuledger_anew(
            "captures",
            "add",
            "--source",
            source,
            "--url",
            url,
            "--at",
            AT,
            "--home",
            home,
            *more,
            captures_dir / file,
        )
        assert added.returncode == 0, added.stderr
    names = ("vast_ai.market", "aws.spot", "paperspace.machines")
    only = [part for name in names for part in ("--source", name)]
    ran = gpuledger(
        "nightly", "--home", home, "--recorded", archive, "--at", AT, "--partial", *only, site=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return home


def ask(home: Path, query: str) -> list[tuple[Any, ...]]:
    with read_warehouse(FileStorage(home)) as connection:
        return connection.sql(query).fetchall()


def test_excerpts_are_marked_partial(home: Path) -> None:
    read = "SELECT DISTINCT status FROM valid_scrapes WHERE origin = 'snapshot'"
    assert ask(home, read) == [("partial",)]


def test_vast_ai_offers_carry_the_prices_of_the_raw_json(home: Path, captures_dir: Path) -> None:
    raw = [
        offer
        for name in ("asc", "desc")
        for offer in json.loads((captures_dir / f"vast/h100_sxm_{name}.2026-08.json").read_text())["offers"]
    ]
    expected = {
        (f"{offer['machine_id']}", offer["num_gpus"]): (
            offer["dph_base"] / offer["num_gpus"],
            offer["min_bid"],
        )
        for offer in raw
    }
    found = ask(
        home,
        """SELECT machine_id, gpu_count, any_value(usd_per_gpu_hour) FILTER (pricing_model = 'on_demand'),
                  any_value(usd_per_hour) FILTER (pricing_model = 'interruptible')
           FROM offers WHERE source = 'vast_ai.market' GROUP BY ALL""",
    )
    assert len(found) == len(expected) == 16
    for machine, count, on_demand, bid in found:
        assert (on_demand, bid) == pytest.approx(expected[machine, count])


def test_aws_spot_prices_are_those_of_the_raw_json(home: Path, captures_dir: Path) -> None:
    raw = json.loads((captures_dir / "aws/spot-price-data.2021-04-06.json").read_text())
    old_names = {
        "us-east": "us-east-1",
        "us-west": "us-west-1",
        "eu-ireland": "eu-west-1",
        "apac-syd": "ap-southeast-2",
    }
    wanted = re.compile(r"^(g2|p2|p3|p3dn|p4d|g3|g3s|g4dn|g4ad|inf1)\.")
    expected = {}
    for region in raw["config"]["regions"]:
        for kind in region["instanceTypes"]:
            for size in kind["sizes"]:
                (linux,) = (column for column in size["valueColumns"] if column["name"] == "linux")
                shown = linux["prices"]["USD"]
                if wanted.match(size["size"]) and shown != "N/A*":
                    name = old_names.get(region["region"], region["region"])
                    expected[name, size["size"]] = float(shown)
    found = ask(home, "SELECT region, instance_type, usd_per_hour FROM offers WHERE source = 'aws.spot'")
    assert {(region, kind): price for region, kind, price in found} == expected


def test_interruption_bands_are_joined_from_the_advisor(home: Path, captures_dir: Path) -> None:
    advisor = json.loads((captures_dir / "aws/spot-advisor-data.2021-02-10.json").read_text())
    shares = {0: (0.0, 0.05), 1: (0.05, 0.1), 2: (0.1, 0.15), 3: (0.15, 0.2), 4: (0.2, 1.0)}
    found = ask(
        home,
        """SELECT region, instance_type, interruption_low, interruption_high FROM offers
           WHERE source = 'aws.spot' AND interruption_high IS NOT NULL""",
    )
    assert len(found) > 50
    for region, kind, low, high in found:
        assert (low, high) == pytest.approx(shares[advisor["spot_advisor"][region]["Linux"][kind]["r"]])


def test_paperspace_machines_are_those_of_the_raw_page(home: Path, captures_dir: Path) -> None:
    raw = (captures_dir / "paperspace/instance-types.2021-11-12.md").read_text()
    gpu_table = raw.split("### GPU Instances")[1]
    expected = sorted(float(price) for price in re.findall(r"\$([\d.]+)/hr", gpu_table))
    found = ask(home, "SELECT usd_per_gpu_hour FROM offers WHERE source = 'paperspace.machines' ORDER BY 1")
    assert [price for (price,) in found] == pytest.approx(expected)
    assert len(expected) == 5


def test_every_figure_keeps_the_text_as_shown(home: Path) -> None:
    assert ask(home, "SELECT count(*) FROM offers WHERE price_as_shown IS NULL") == [(0,)]
