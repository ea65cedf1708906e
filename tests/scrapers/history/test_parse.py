"""Records to rows by a mapping: units, words, blanks, and what is refused; expected values by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.history.lookups import lookups
from scrapers.history.mapping import GpuColumns, Mapping, MappingError
from scrapers.history.mappings import load, parsed
from scrapers.history.outcome import ParsedBatch
from scrapers.history.parse import parse
from scrapers.history.readers import batches

PRICES = """
[origin]
title = "T"
publisher = "P"
licence = "L"
url = "https://example.com/data"
obtain = "ask"
rows_are = "{rows_are}"

[time]
columns = ["when"]
zone = "Europe/Berlin"
cadence = "stamped"

[[rows]]
table = "offers"
key = ["machine"]
gpu = {{ name = {{ column = "gpu", words = "gpu" }}, count = "gpus" }}

[rows.columns]
provider = {{ column = "who", words = "who" }}

[[rows.prices]]
column = "price"
per = "{per}"
period = "{period}"
pricing_model = "on_demand"
currency = "{currency}"
decimal = "{decimal}"
blank = "{blank}"
blanks = ["n/a", "-"]
free = ["Free!"]

[words.who]
Us = "us"

[words.gpu]
"A hundred" = "A100 SXM 80GB"
"""
HEADER = "when,who,machine,gpu,gpus,price\n"


def mapping(**changes: str) -> Mapping:
    given = {"rows_are": "snapshots", "per": "machine", "period": "hour", "currency": "USD", "decimal": "."}
    return parsed("prices", PRICES.format(**{**given, "blank": "missing", **changes}).encode())


def reading(path: Path, text: str, by: Mapping, **asked: str) -> ParsedBatch:
    path.write_text(text, encoding="utf-8")
    (batch,) = batches(path, by.file)
    return parse(batch, by, {**by.words, **lookups(by.lookups)}, **asked)


def rows(found: ParsedBatch, table: str = "offers") -> list[dict[str, Any]]:
    return pl.concat(found.rows[table]).to_dicts() if table in found.rows else []


def reasons(found: ParsedBatch) -> list[tuple[int, str]]:
    return [row for frame in found.refused for row in frame.select("#", "reason").rows()]


@pytest.mark.parametrize(
    ("per", "period", "price", "whole", "each"),
    [
        ("machine", "hour", "16.00", 16.0, 2.0),
        ("gpu", "hour", "2.00", 16.0, 2.0),
        ("machine", "month", "11680", 16.0, 2.0),
        ("gpu", "second", "0.0005", 14.4, 1.8),
        ("machine", "hour", "$1,234.50", 1234.5, 154.3125),
        ("machine", "hour", "9.0E-1", 0.9, 0.1125),
    ],
)
def test_a_price_is_brought_to_the_hour_of_the_machine_and_of_one_gpu(
    tmp_path: Path, per: str, period: str, price: str, whole: float, each: float
) -> None:
    text = f'{HEADER}2024-01-02T03:04:05Z,Us,m,H100 SXM,8,"{price}"\n'
    (row,) = rows(reading(tmp_path / "a.csv", text, mapping(per=per, period=period)))
    assert (row["usd_per_hour"], row["usd_per_gpu_hour"]) == (pytest.approx(whole), pytest.approx(each))
    assert row["price_as_shown"].startswith(price)


def test_a_moment_without_a_zone_is_of_the_mappings_zone_and_one_with_it_is_not(tmp_path: Path) -> None:
    moments = ("2024-07-01 12:00:00", "2024-07-01T12:00:00+10:00", "2024-07-01")
    text = HEADER + "".join(f"{when},Us,m,L4,1,1\n" for when in moments)
    found = rows(reading(tmp_path / "a.csv", text, mapping()))
    assert [row["observed_at"] for row in found] == [
        datetime(2024, 7, 1, 10, tzinfo=UTC),
        datetime(2024, 7, 1, 2, tzinfo=UTC),
        datetime(2024, 6, 30, 22, tzinfo=UTC),
    ]


def test_words_become_ours_and_unknown_ones_are_kept_and_told(tmp_path: Path) -> None:
    text = f"{HEADER}2024-01-01,Us,a,A hundred,2,4\n2024-01-01,Them,b,Z9000,1,1\n"
    found = reading(tmp_path / "a.csv", text, mapping())
    ours, theirs = rows(found)
    assert (ours["provider"], ours["gpu_model"], ours["gpu_form_factor"], ours["gpu_memory_gib"]) == (
        "us",
        "A100",
        "SXM",
        80.0,
    )
    assert ours["gpu_as_shown"] == "A hundred"
    assert (theirs["provider"], theirs["gpu_model"], theirs["gpu_is_known"]) == ("Them", "Z9000", False)
    assert found.findings["unknown_word", "Them"] == 1
    assert found.findings["unknown_gpu", "Z9000"] >= 1


def test_a_blank_means_what_the_mapping_says_and_is_never_zero(tmp_path: Path) -> None:
    text = f"{HEADER}2024-01-01,Us,a,L4,1,\n2024-01-01,Us,b,L4,1,n/a\n2024-01-01,Us,c,L4,1,2\n"
    missing = reading(tmp_path / "a.csv", text, mapping())
    assert (missing.missing, [row["offer_key"] for row in rows(missing)]) == (2, ["c"])
    gone = rows(reading(tmp_path / "a.csv", text, mapping(blank="unavailable")))
    assert [(row["availability"], row["usd_per_hour"]) for row in gone] == [
        ("unavailable", None),
        ("unavailable", None),
        ("unknown", 2.0),
    ]
    carried = reading(tmp_path / "a.csv", text, mapping(blank="carried forward", rows_are="changes"))
    assert (carried.carried, carried.missing, carried.accepted) == (2, 0, 1)


def test_what_is_no_price_is_refused_with_its_line(tmp_path: Path) -> None:
    prices = ["0", "0.00", "2.2.44", "-1", "call us", "Infinity", "1-2"]
    lines = "".join(f"2024-01-01,Us,m{place},L4,1,{price}\n" for place, price in enumerate(prices))
    found = reading(tmp_path / "a.csv", HEADER + lines, mapping())
    assert found.accepted == 0
    assert [line for line, _ in reasons(found)] == list(range(2, 9))
    assert found.readings == found.rejected == len(prices)


def test_nothing_is_free_but_what_the_mapping_calls_so(tmp_path: Path) -> None:
    (row,) = rows(reading(tmp_path / "a.csv", f"{HEADER}2024-01-01,Us,a,L4,1,Free!\n", mapping()))
    assert (row["pricing_model"], row["usd_per_hour"], row["usd_per_gpu_hour"]) == ("free", 0.0, None)


def test_another_currency_is_kept_as_shown_and_is_never_dollars(tmp_path: Path) -> None:
    text = f'{HEADER}2024-01-01,Us,a,L4,1,"€1,50"\n2024-01-01,Us,b,L4,1,"1,50"\n'
    found = reading(tmp_path / "a.csv", text, mapping(currency="as shown", decimal=","))
    (row,) = rows(found)
    assert (row["currency"], row["usd_per_hour"], row["price_as_shown"]) == ("EUR", None, "€1,50")
    assert reasons(found) == [(3, "'1,50' names no known currency")]


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        ("€1.50", "'€1.50' is in EUR, expected USD"),
        ("1,50", "'1,50' is not a number with '.' as its decimal sign"),
        ("$1.234,50", "'1.234,50' is not a number with '.' as its decimal sign"),
        ("$11/month", "'$11/month' is per month, expected per hour"),
        ("from $1.50", "'from $1.50' is not one price"),
        ("-1", "'-1' is negative"),
    ],
)
def test_prices_are_read_as_those_of_pages_are(tmp_path: Path, price: str, reason: str) -> None:
    found = reading(tmp_path / "a.csv", f'{HEADER}2024-01-01,Us,a,L4,1,"{price}"\n', mapping())
    assert (found.accepted, reasons(found)) == (0, [(2, reason)])


def test_a_price_that_names_its_period_and_currency_is_read(tmp_path: Path) -> None:
    text = f"{HEADER}2024-01-01,Us,a,L4,1,$1.50/hr\n2024-01-01,Us,b,L4,1,1.25 USD\n"
    found = rows(reading(tmp_path / "a.csv", text, mapping()))
    assert [row["usd_per_hour"] for row in found] == [1.5, 1.25]


def test_gpus_are_named_as_those_of_pages_are(tmp_path: Path) -> None:
    by = mapping()
    gpu = by.rows[0].model_copy(update={"gpu": GpuColumns(name="gpu", count="gpus", memory_gib="memory")})
    by = by.model_copy(update={"rows": (gpu,)})
    lines = ["A100 PCIE,39.6", "RTX 4090,48", "RTX 4090,48", "Z9000,7"]
    head = HEADER.replace("\n", ",memory\n")
    text = head + "".join(
        f"2024-01-01,Us,{line[0]},{line.split(',')[0]},1,1,{line.split(',')[1]}\n" for line in lines
    )
    found = reading(tmp_path / "a.csv", text, by)
    assert [(row["gpu_model"], row["gpu_memory_gib"], row["gpu_is_known"]) for row in rows(found)] == [
        ("A100", 40.0, True),
        ("RTX 4090", 48.0, True),
        ("RTX 4090", 48.0, True),
        ("Z9000", 7.0, False),
    ]
    assert dict(found.findings) == {("disagreement", "RTX 4090"): 2, ("unknown_gpu", "Z9000"): 1}


def test_a_name_that_only_the_catalogue_has_is_known(tmp_path: Path) -> None:
    found = reading(tmp_path / "a.csv", f"{HEADER}2024-01-01,Us,a,H100 SXM,8,16\n", mapping())
    assert rows(found)[0]["gpu_is_known"]
    assert not found.findings


def test_a_number_beyond_what_a_column_holds_is_told_and_costs_no_other_row(tmp_path: Path) -> None:
    text = f"{HEADER}2024-01-01,Us,a,L4,1e300,8\n2024-01-01,Us,b,L4,1e999,8\n2024-01-01,Us,c,L4,1,8\n"
    found = rows(reading(tmp_path / "a.csv", text, mapping()))
    assert [(row["gpu_count"], row["usd_per_hour"]) for row in found] == [(None, 8.0), (None, 8.0), (1, 8.0)]


def test_a_price_of_an_unknown_number_of_gpus_is_of_no_gpu(tmp_path: Path) -> None:
    (row,) = rows(reading(tmp_path / "a.csv", f"{HEADER}2024-01-01,Us,a,L4,,8\n", mapping()))
    assert (row["gpu_as_shown"], row["gpu_model"], row["usd_per_gpu_hour"]) == ("L4", None, None)
    assert row["usd_per_hour"] == 8.0


def test_bounds_of_the_schema_refuse_what_no_gpu_costs(tmp_path: Path) -> None:
    found = reading(tmp_path / "a.csv", f"{HEADER}2024-01-01,Us,a,L4,1,1000.5\n", mapping())
    # In the words of the nightly gate.
    reason = "usd_per_gpu_hour above 0 and at most 1000: usd_per_gpu_hour is 1000.5"
    assert reasons(found) == [(2, reason)]


def test_a_time_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    found = reading(tmp_path / "a.csv", f"{HEADER}yesterday,Us,a,L4,1,1\n", mapping())
    assert reasons(found) == [(2, "yesterday is not a time")]


@pytest.mark.parametrize(
    ("column", "cell"),
    [("is_estimated", "true"), ("source_kind", "historical_estimate"), ("basis", "Interpolated")],
)
def test_rows_that_a_data_set_has_not_seen_itself_are_refused(tmp_path: Path, column: str, cell: str) -> None:
    head = HEADER.replace("\n", f",{column}\n")
    text = f"{head}2024-01-01,Us,a,L4,1,1,{cell}\n2024-01-01,Us,b,L4,1,1,false\n"
    found = reading(tmp_path / "a.csv", text, mapping())
    assert [row["offer_key"] for row in rows(found)] == ["b"]
    assert found.findings["new_field", column] == 1
    assert [line for line, _ in reasons(found)] == [2]


def test_estimates_that_the_mapping_declares_stand_as_such(tmp_path: Path) -> None:
    by = parsed(
        "estimates",
        b"""
        [origin]
        title = "T"
        publisher = "P"
        licence = "L"
        url = "https://example.com/data"
        obtain = "ask"
        rows_are = "snapshots"
        standing = { estimated = "the publisher's own estimate" }
        [time]
        columns = ["when"]
        cadence = "daily"
        [[rows]]
        table = "observations"
        [rows.columns]
        provider = { constant = "p" }
        subject = "gpu"
        term = { constant = "usd_per_gpu_hour" }
        value_number = "usd"
        """,
    )
    text = "when,gpu,usd,basis\n2024-01-01,L4,1,estimated\n2024-01-01,T4,2,seen\n2024-01-01,A2,2,forecast\n"
    found = reading(tmp_path / "a.csv", text, by)
    assert [(row["subject"], row["standing"], row["note"]) for row in rows(found, "observations")] == [
        ("L4", "estimated", "the publisher's own estimate"),
        ("T4", "second_hand", None),
    ]
    assert reasons(found) == [(4, "the data set calls it forecast")]


def test_a_column_that_the_file_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"rows\[0\].key: the file has no column 'machine'"):
        reading(tmp_path / "a.csv", "when,who,gpu,gpus,price\n2024-01-01,Us,L4,1,1\n", mapping())
    with pytest.raises(MappingError, match="--at"):
        reading(tmp_path / "a.csv", "who,machine,gpu,gpus,price\nUs,m,L4,1,1\n", mapping())


def test_gpurentalprices_refuses_what_its_owner_carried_forward(tmp_path: Path) -> None:
    text = """{"date": "2026-08-02", "generated_at": "x", "offers": [
      {"provider": "runpod", "gpu": "a100-sxm-80", "vram_gb": 80, "usd_hr": 1.39, "kind": "community",
       "source_url": "https://example.com/r", "fetched_at": "2026-08-02T06:00:01.5Z"},
      {"provider": "aws", "gpu": "h100-sxm", "vram_gb": 80, "usd_hr": 6.88, "kind": "spot", "min_gpus": 8,
       "source_url": "https://example.com/a", "fetched_at": "2026-08-02T06:00:02Z"},
      {"provider": "vultr", "gpu": "l40s", "vram_gb": 48, "usd_hr": 1.67, "kind": "on-demand",
       "source_url": "https://example.com/v", "fetched_at": "2026-07-31T06:00:03Z"}]}"""
    found = reading(tmp_path / "2026-08-02.json", text, load("gpurentalprices"))
    first, second = rows(found)
    assert first["slot"] == datetime(2026, 8, 2, tzinfo=UTC)
    assert first["observed_at"] == datetime(2026, 8, 2, 6, 0, 1, 500000, tzinfo=UTC)
    assert (first["gpu_model"], first["gpu_form_factor"], first["pricing_model"]) == (
        "A100",
        "SXM",
        "on_demand",
    )
    assert (second["pricing_model"], second["usd_per_gpu_hour"], second["usd_per_hour"]) == (
        "spot",
        6.88,
        pytest.approx(55.04),
    )
    assert reasons(found) == [(3, "carried forward: it was fetched on a day before")]
    assert not found.findings


def test_cyclenerd_prices_machines_by_region_and_way_of_selling(tmp_path: Path) -> None:
    text = """about: {copyright: x}
compute:
  instance:
    a2-highgpu-8g:
      a100: 8
      cpu: 96
      ram: 680
      cost:
        us-central1: {hour: 29.38708, hour_spot: 8.8, month: 1, month_1y: 13514.5, month_3y: 0}
    e2-small:
      cpu: 2
      ram: 2
      cost:
        us-central1: {hour: 0.02}
"""
    found = reading(tmp_path / "pricing.yml", text, load("cyclenerd_gcp"), at="2026-07-30T06:13:37Z")
    prices = {(row["pricing_model"], row["offer_key"]): row["usd_per_gpu_hour"] for row in rows(found)}
    assert prices == {
        ("on_demand", "a2-highgpu-8g:us-central1"): pytest.approx(29.38708 / 8),
        ("spot", "a2-highgpu-8g:us-central1"): pytest.approx(1.1),
        ("reserved", "a2-highgpu-8g:us-central1:1 year"): pytest.approx(13514.5 / 730 / 8),
    }
    assert (found.missing, dict(found.outside)) == (1, {"a machine without a GPU": 1})
    assert {(row["gpu_model"], row["gpu_memory_gib"], row["country"]) for row in rows(found)} == {
        ("A100", 40.0, "US")
    }


def test_skypilot_catalogues_are_of_the_cloud_that_is_named(tmp_path: Path) -> None:
    head = "InstanceType,vCPUs,MemoryGiB,AcceleratorName,AcceleratorCount,GpuInfo,Price,SpotPrice,Region"
    text = f"""{head},AvailabilityZone
p4d.24xlarge,96,1152,A100,8,x,32.7726,9.83,us-east-1,us-east-1a
m5.large,2,8,,,,0.096,,us-east-1,us-east-1a
"""
    found = reading(tmp_path / "vms.csv", text, load("skypilot_catalog"), part="aws", at="2025-03-01")
    on_demand, spot = rows(found)
    assert (on_demand["provider"], on_demand["usd_per_gpu_hour"]) == ("aws", pytest.approx(32.7726 / 8))
    assert (spot["pricing_model"], spot["gpu_memory_gib"], spot["vcpus"]) == ("spot", 40.0, 96.0)
    assert found.outside.total() == 1


def test_gpuhunt_catalogues_are_of_the_provider_that_is_named(tmp_path: Path) -> None:
    text = """instance_name,location,price,cpu,memory,gpu_count,gpu_name,gpu_memory,spot,disk_size,gpu_vendor
g5.xlarge,eu-west-1,1.123,4,16.0,1,A10G,24.0,False,,nvidia
g5.xlarge,eu-west-1,0.4,4,16.0,1,A10G,24.0,True,,nvidia
t3.micro,eu-west-1,0.01,2,1.0,0,,,False,,
"""
    found = reading(tmp_path / "aws.csv", text, load("gpuhunt"), part="aws", at="2024-03-10")
    assert [(row["pricing_model"], row["usd_per_hour"]) for row in rows(found)] == [
        ("on_demand", 1.123),
        ("spot", 0.4),
    ]
    assert found.outside.total() == 1


def test_prime_intellect_lines_become_statistics_of_all_of_each_provider_and_of_each_size(
    tmp_path: Path,
) -> None:
    text = (
        '{"timestamp": "2025-10-19T22:00:00Z", "gpu_type": "H100_80GB", "socket_type": "SXM5", '
        '"price_stats": {"min": 1.0, "median": 1.99, "max": 3.29, "mean": 2.2}, '
        '"availability": {"total": 39, "available": 11}, '
        '"by_provider": {"hyperstack": {"count": 1, "min": 2.4, "avg": 2.5}}, '
        '"by_config": {"8x": {"count": 9, "min_per_gpu": 1.0, "avg_per_gpu": 1.8}}}\n'
    )
    found = rows(reading(tmp_path / "h.jsonl", text, load("prime_intellect")), "price_statistics")
    assert [
        (row["provider"], row["scope"], row["offers"], row["lowest"], row["p50"], row["mean"])
        for row in found
    ] == [
        ("prime_intellect", "all", 39, 1.0, 1.99, 2.2),
        ("hyperstack", "provider", 1, 2.4, None, 2.5),
        ("prime_intellect", "gpu count", 9, 1.0, None, 1.8),
    ]
    assert [row["gpu_count"] for row in found] == [None, None, 8]
    assert {(row["gpu_model"], row["gpu_form_factor"]) for row in found} == {("H100", "SXM")}


def test_cherielilili_refuses_prices_of_which_nothing_says_how_many_gpus_they_are_for(tmp_path: Path) -> None:
    head = "date,provider,gpu_model,gpu_count,region,rental_type,price_min_usd,price_median_usd,price_max_usd"
    text = f"""{head},n_offers,source_url,fetched_at
2026-05-09,vast.ai,RTX_4090,2,US,spot,0.21,0.25,0.4,7,https://console.example.com,2026-05-09T20:30:07+00:00
2026-05-09,azure,A100_SXM_40GB,8,global,on_demand,27.2,27.2,27.2,2,https://getdeploying.com,2026-05-09T21:00:00+00:00
2026-05-09,azure,A100_SXM_40GB,1,global,on_demand,3.4,3.4,3.4,2,https://getdeploying.com,2026-05-09T21:00:00+00:00
"""
    found = reading(tmp_path / "observations.csv", text, load("cherielilili"))
    market, list_price = rows(found, "price_statistics")
    assert (market["provider"], market["country"], market["pricing_model"]) == ("vast_ai", "US", "spot")
    assert (market["lowest"], market["p50"], market["highest"], market["offers"]) == (0.21, 0.25, 0.4, 7)
    assert (list_price["gpu_memory_gib"], list_price["country"], list_price["p50"]) == (40.0, None, 3.4)
    assert [line for line, _ in reasons(found)] == [3]


def test_fullstack_prices_are_of_the_machine_in_either_notation(tmp_path: Path) -> None:
    text = """Cloud,GPU Type,GPU Arch,GPUs,GPU RAM,vCPUs,RAM,On-demand,Per-GPU,Spot,Name
AWS,A100 (80 GB),Ampere,8,640,96,1152,$40.97,$5.12,,p4de.24xlarge
Lambda,H100 HGX (80GB),Hopper,1,80,26,200,2.49,2.49,,
Oblivus Cloud,A40 (48 GB),Ampere,1-8,48-384,1-94,1-702,1.42,1.4,,
"""
    found = reading(tmp_path / "c.csv", text, load("fullstack_cloud_gpus"), at="2023-05-12T11:24:22-07:00")
    aws, hgx = rows(found)
    assert (aws["usd_per_hour"], aws["usd_per_gpu_hour"], aws["gpu_memory_gib"]) == (40.97, 40.97 / 8, 80.0)
    assert (hgx["provider"], hgx["gpu_model"], hgx["gpu_form_factor"]) == ("lambda_cloud", "H100", "SXM")
    assert (found.missing, [line for line, _ in reasons(found)]) == (2, [4])


def test_a_spot_price_history_is_of_gpu_machines_under_linux_only(tmp_path: Path) -> None:
    text = """{"SpotPriceHistory": [
      {"AvailabilityZone": "us-east-1a", "InstanceType": "p3.8xlarge", "ProductDescription": "Linux/UNIX",
       "SpotPrice": "4.100000", "Timestamp": "2026-08-01T04:05:06+00:00"},
      {"AvailabilityZone": "us-east-1a", "InstanceType": "p3.8xlarge", "ProductDescription": "Windows",
       "SpotPrice": "5.100000", "Timestamp": "2026-08-01T04:05:06+00:00"},
      {"AvailabilityZone": "us-east-1a", "InstanceType": "m5.large", "ProductDescription": "Linux/UNIX",
       "SpotPrice": "0.03", "Timestamp": "2026-08-01T04:05:06+00:00"}]}"""
    found = reading(tmp_path / "spot.json", text, load("aws_spot_history"))
    (row,) = rows(found)
    assert (row["gpu_model"], row["gpu_count"], row["usd_per_gpu_hour"]) == ("V100", 4, pytest.approx(1.025))
    assert (row["region"], row["country"], row["offer_key"]) == ("us-east-1", "US", "p3.8xlarge:us-east-1a")
    assert found.outside.total() == 2
