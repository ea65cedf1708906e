"""Every history that is kept beside the project imports, with each of its records accounted for.

Expected values are taken from the raw files here, without the importer, or are events known from elsewhere.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from flows.history.importer import Imported, ImportRequest, import_history
from scrapers.history.mappings import load
from warehouse.ledger import Ledger
from warehouse.storage import FileStorage

MAPPINGS = Path(__file__).parent / "mappings"
# File, mapping (shipped, or of this folder), part.
HISTORIES = (
    ("amorton45_aws_p5_daily.csv.gz", "amorton45_aws_p5.toml", ""),
    ("aws_ec2_processed_gpu_changes.csv.gz", "aws_ec2_changes.toml", ""),
    ("aws_sagemaker_studionotebook_gpu.csv.gz", "aws_sagemaker_changes.toml", ""),
    ("bamboo_a100x1-east1b_txt.gz", "bamboo_counts.toml", "a100x1-east1b"),
    ("bamboo_g4dn-trace_csv.gz", "bamboo_traces.toml", "g4dn-trace"),
    ("bamboo_p3-trace_csv.gz", "bamboo_traces.toml", "p3-trace"),
    ("bamboo_v100x1-east1c_txt.gz", "bamboo_counts.toml", "v100x1-east1c"),
    ("becloudready_gpu_prices_daily.csv.gz", "becloudready.toml", ""),
    ("cherielilili_observations_daily.csv.gz", "cherielilili", ""),
    ("cloud_gpus_com_price_and_credit_changes.csv.gz", "cloud_gpus_com.toml", ""),
    ("free_tier_cloud_comparison_changes.csv.gz", "free_tier_comparison.toml", ""),
    ("free_tier_deep_learning_in_cloud_changes.csv.gz", "free_tier_deep_learning.toml", ""),
    ("fullstack_cloud_gpus.csv.gz", "fullstack_cloud_gpus", ""),
    ("fullstack_serverless_gpus.csv.gz", "fullstack_serverless.toml", ""),
    ("gcp_gpu_prices_weekly.csv.gz", "gcp_weekly.toml", ""),
    ("gcpinstances_info_a2_g2.csv.gz", "gcpinstances.toml", ""),
    ("gpurentalprices_daily_offers.csv.gz", "gpurentalprices_table.toml", ""),
    ("gpurentalprices_daily_provider_status.csv.gz", "gpurentalprices_status.toml", ""),
    ("huggingface_spaces_hardware_prices.csv.gz", "huggingface_spaces.toml", ""),
    ("huggingface_zerogpu_free_tier_changes.csv.gz", "huggingface_zerogpu.toml", ""),
    ("libcloud_aws_gcp_gpu_ondemand.csv.gz", "libcloud.toml", ""),
    ("runpod_docs_serverless_prices.csv.gz", "runpod_serverless.toml", ""),
    ("skypilot_spot_traces_runs.csv.gz", "skypilot_spot_traces.toml", ""),
    ("skynomad_gcp_h100_availability_10min.csv.gz", "skynomad_starts.toml", ""),
    ("sooddvs_gpu_pricing_raw_daily.csv.gz", "sooddvs.toml", ""),
    ("tugot17_prime_intellect_30min.csv.gz", "prime_intellect_table.toml", ""),
)
Row = dict[str, str]


@pytest.fixture(scope="module")
def imported(
    captures_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Ledger, dict[str, Imported]]]:
    """A ledger with every history in it, and what each import did."""
    home = tmp_path_factory.mktemp("histories")
    with Ledger(FileStorage(home)) as ledger:
        results = {}
        for file, name, part in HISTORIES:
            mapping = load(str(MAPPINGS / name) if name.endswith(".toml") else name)
            request = ImportRequest(home, captures_dir / "history" / file, mapping, part)
            results[file] = import_history(request, ledger)
        yield ledger, results


@pytest.fixture
def ledger(imported: tuple[Ledger, dict[str, Imported]]) -> Ledger:
    return imported[0]


def raw(captures_dir: Path, file: str) -> Iterator[Row]:
    with gzip.open(captures_dir / "history" / file, "rt", encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)


def priced(ledger: Ledger, source: str, key: str) -> dict[tuple[datetime, str], float]:
    query = """
        SELECT slot, pricing_model, usd_per_hour FROM history_offers
        WHERE source = $source AND offer_key = $key
    """
    found = ledger.query(query, {"source": f"history:{source}", "key": key})
    return {(slot, model): price for slot, model, price in found.rows()}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_there_is_a_mapping_for_every_history(captures_dir: Path) -> None:
    assert {path.name for path in (captures_dir / "history").iterdir()} == {file for file, _, _ in HISTORIES}


@pytest.mark.parametrize("file", [file for file, _, _ in HISTORIES])
def test_every_record_is_a_row_a_refusal_a_blank_or_outside(
    file: str, captures_dir: Path, imported: tuple[Ledger, dict[str, Imported]]
) -> None:
    ledger, results = imported
    result = results[file]
    headless = file.startswith("bamboo")
    with gzip.open(captures_dir / "history" / file, "rt", encoding="utf-8", newline="") as text:
        records = sum(1 for _ in csv.reader(text)) - (0 if headless else 1)
    read = result.read
    assert read.records == records
    assert read.readings == result.accepted + result.refused + read.missing + read.carried
    prices = max(len(rows.prices) for rows in _mapping(file).rows) or 1
    assert records - read.outside.total() <= read.readings <= prices * (records - read.outside.total())
    if prices == 1:
        assert records == result.accepted + result.refused + read.missing + read.outside.total()
    assert result.accepted > 0
    stored = {"offers": "offers", "observations": "observations", "price_statistics": "price_statistics"}
    counts = [
        ledger.query(f"SELECT count(*) FROM {table} WHERE source = $s", {"s": result.source}).item()
        for table in stored
    ]
    assert sum(counts) == result.accepted
    lines = ledger.query("SELECT record FROM quarantine WHERE source = $s", {"s": result.source})
    assert lines.height == result.refused


def _mapping(file: str) -> Any:
    name = next(name for known, name, _ in HISTORIES if known == file)
    return load(str(MAPPINGS / name) if name.endswith(".toml") else name)


def test_google_prices_are_those_of_the_file(ledger: Ledger, captures_dir: Path) -> None:
    found = priced(ledger, "gcp_weekly", "a3-highgpu-8g:us-central1")
    months = priced(ledger, "gcp_weekly", "a3-highgpu-8g:us-central1:1 year")
    checked = 0
    for row in raw(captures_dir, "gcp_gpu_prices_weekly.csv.gz"):
        if (row["instance_type"], row["region"]) == ("a3-highgpu-8g", "us-central1"):
            slot = at(row["commit_time"])
            assert found[slot, "on_demand"] == float(row["ondemand_usd_hour"])
            if row["spot_usd_hour"]:
                assert found[slot, "spot"] == float(row["spot_usd_hour"])
            if float(row["month_1y_usd"] or 0):
                assert months[slot, "reserved"] == pytest.approx(float(row["month_1y_usd"]) / 730)
            checked += 1
    assert checked > 100
    spot = {slot: price for (slot, model), price in found.items() if model == "spot"}
    on_demand = {price for (_, model), price in found.items() if model == "on_demand"}
    # Known of these years: spot at 61.9, then near 20.4, then at 50.6 in July 2026; on demand about 88.49.
    assert {round(price, 1) for price in spot.values()} >= {61.9, 20.4, 50.6}
    assert min(abs(price - 88.49) for price in on_demand) < 0.01


def test_the_cut_of_june_2025_stands_with_its_day(ledger: Ledger) -> None:
    query = """
        SELECT
            source, min(slot)::DATE::VARCHAR AS day, any_value(usd_per_hour_before), any_value(usd_per_hour)
        FROM history_changes
        WHERE instance_type = 'p5.48xlarge' AND region = 'us-east-1' AND provider = 'aws' AND change < -0.4
        GROUP BY ALL ORDER BY ALL
    """
    assert ledger.query(query).rows()[:2] == [
        ("history:amorton45_aws_p5", "2025-06-05", 98.32, 55.04),
        ("history:aws_ec2_changes", "2025-06-05", 98.32, 55.04),
    ]


def test_libcloud_prices_are_those_of_the_file_and_zero_is_missing(
    ledger: Ledger, captures_dir: Path
) -> None:
    rows = [
        row
        for row in raw(captures_dir, "libcloud_aws_gcp_gpu_ondemand.csv.gz")
        if row["size"] == "p3.16xlarge" and row["driver"] == "ec2_linux" and row["region"] == "us-east-1"
    ]
    expected = {
        (at(row["commit_time"]), "on_demand"): float(row["usd_hour"])
        for row in rows
        if float(row["usd_hour"])
    }
    assert priced(ledger, "libcloud", "ec2_linux:p3.16xlarge:us-east-1") == expected
    assert len(expected) >= 3


def test_market_statistics_are_those_of_the_file(ledger: Ledger, captures_dir: Path) -> None:
    rows = list(raw(captures_dir, "tugot17_prime_intellect_30min.csv.gz"))
    wanted = [
        row for row in rows if (row["gpu_type"], row["scope"], row["key"]) == ("B200_180GB", "config", "8x")
    ]
    found = ledger.query(
        """SELECT slot, offers, lowest, mean, gpu_count, gpu_model FROM history_statistics
           WHERE source = 'history:prime_intellect_table' AND series_key = 'B200_180GB::8x' ORDER BY slot"""
    ).rows()
    assert found == [
        (at(row["timestamp"]), int(row["count"]), float(row["min"]), float(row["avg"]), 8, "B200")
        for row in sorted(wanted, key=lambda row: row["timestamp"])
    ]
    assert len(found) > 500


def test_daily_statistics_of_providers_are_those_of_the_file(ledger: Ledger, captures_dir: Path) -> None:
    rows = [
        row
        for row in raw(captures_dir, "cherielilili_observations_daily.csv.gz")
        if (row["provider"], row["gpu_model"], row["gpu_count"]) == ("runpod", "RTX_4090", "1")
    ]
    found = ledger.query(
        """SELECT slot::DATE::VARCHAR, region, pricing_model, lowest, p50, highest, offers
           FROM history_statistics
           WHERE source = 'history:cherielilili' AND provider = 'runpod' AND gpu_model = 'RTX 4090'
           AND gpu_count = 1 ORDER BY ALL"""
    ).rows()
    prices = ("price_min_usd", "price_median_usd", "price_max_usd")
    assert found == sorted(
        (
            row["date"],
            row["region"],
            row["rental_type"],
            *(float(row[name]) for name in prices),
            int(row["n_offers"]),
        )
        for row in rows
    )
    assert len(found) > 100


def test_prices_without_their_gpus_and_prices_carried_forward_are_not_in(ledger: Ledger) -> None:
    earliest = ledger.query(
        "SELECT min(slot) FROM history_offers WHERE source = 'history:gcpinstances'"
    ).item()
    assert earliest == at("2023-11-22T02:06:21+02:00")
    query = """
        SELECT count(*) FROM history_offers
        WHERE source = 'history:gpurentalprices_table' AND observed_at::DATE < slot::DATE
    """
    assert ledger.query(query).item() == 0
    refused = "SELECT count(*) FROM quarantine WHERE source = $s AND reason LIKE 'carried forward%'"
    assert ledger.query(refused, {"s": "history:gpurentalprices_table"}).item() == 91


def test_free_credit_is_told_in_its_currency_with_who_took_it_away(
    ledger: Ledger, captures_dir: Path
) -> None:
    rows = [
        row
        for row in raw(captures_dir, "cloud_gpus_com_price_and_credit_changes.csv.gz")
        if row["field"] == "credits" and row["provider"] == "Vultr"
    ]
    found = ledger.query(
        """SELECT observed_as_stated, state, value_number, currency FROM history_observations
           WHERE source = 'history:cloud_gpus_com' AND provider = 'vultr' AND term = 'credit_usd'
           ORDER BY observed_as_stated"""
    ).rows()
    assert found == [
        (
            row["commit_time"],
            "absent" if row["event"] == "removed" else "present",
            float(row["value"].strip("$")) if row["value"] else None,
            "USD",
        )
        for row in sorted(rows, key=lambda row: row["commit_time"])
    ]
    assert found


@pytest.mark.parametrize(
    ("file", "name", "part", "moment", "rows", "findings"),
    [
        ("gcp/cyclenerd-pricing.2026-07-30.yml.gz", "cyclenerd_gcp", "", "2026-07-30T06:13:37Z", 3000, {}),
        (
            "multi/gpurentalprices.latest.2026-08-22.json",
            "gpurentalprices",
            "",
            "",
            250,
            # Listed with 262 GiB, where the catalogue has 288.
            {("disagreement", "B300"): 1},
        ),
        ("paperspace/vms.csv", "skypilot_catalog", "paperspace", "2025-03-01", 10, {}),
        ("ibm/vms.csv", "skypilot_catalog", "ibm", "2025-03-01", 20, {}),
    ],
)
def test_shipped_mappings_read_what_is_published_as_it_is_published(
    captures_dir: Path,
    tmp_path: Path,
    file: str,
    name: str,
    part: str,
    moment: str,
    rows: int,
    findings: dict[tuple[str, str], int],
) -> None:
    with Ledger(FileStorage(tmp_path)) as ledger:
        request = ImportRequest(tmp_path, captures_dir / file, load(name), part, moment)
        result = import_history(request, ledger)
    assert result.accepted >= rows
    assert result.refused == 0
    assert dict(result.read.findings) == findings


def test_a_zone_is_available_where_all_that_were_asked_for_started(
    ledger: Ledger, captures_dir: Path
) -> None:
    query = "SELECT availability, count(*) FROM history_offers WHERE source = $s GROUP BY ALL"
    found = dict(ledger.query(query, {"s": "history:skynomad_starts"}).iter_rows())
    started = [
        int(row["created"]) for row in raw(captures_dir, "skynomad_gcp_h100_availability_10min.csv.gz")
    ]
    assert found == {
        "available": started.count(16),
        "unavailable": started.count(0),
        "limited": sum(0 < count < 16 for count in started),
    }
