"""What is published follows from the archived bytes, and is said not to where it does not."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from flows.operations.verify import verify
from flows.runtime.comparison import Verification
from flows.runtime.installation import Installation
from warehouse.data_folder import WAREHOUSE_FILE

Gpuledger = Callable[..., subprocess.CompletedProcess[str]]
SLOT = "2026-11-10T03:00:00Z"
MOMENT = datetime.fromisoformat(SLOT)


@pytest.fixture
def home(demo_home: Path, tmp_path: Path) -> Path:
    """A copy of the demo's published warehouse and of one night of its archive."""
    home = tmp_path / "home"
    shutil.copytree(demo_home / "raw" / SLOT[:10], home / "raw" / SLOT[:10])
    shutil.copyfile(demo_home / WAREHOUSE_FILE, home / WAREHOUSE_FILE)
    return home


def verdicts(home: Path, *sources: str) -> list[Verification]:
    return list(verify(Installation(home), [MOMENT], sources))


def test_a_night_is_derived_again_figure_by_figure(home: Path, gpuledger_anew: Gpuledger) -> None:
    ran = gpuledger_anew("verify", "--home", home, "--slot", SLOT)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    *lines, counts = ran.stdout.splitlines()
    assert {line.split()[0] for line in lines} == {"MATCH"}
    assert counts == f"1 slots: {len(lines)} MATCH"
    assert any("paperspace.machines: H100 80 GiB on demand p50 5.95" in line for line in lines)


def test_a_published_figure_that_does_not_follow_is_told(home: Path, gpuledger: Gpuledger) -> None:
    with duckdb.connect(str(home / WAREHOUSE_FILE)) as published:
        h100 = "source = 'paperspace.machines' AND offer_key = 'H100'"
        published.sql(f"UPDATE offers SET usd_per_gpu_hour = 1.0 WHERE {h100}")
    ran = gpuledger("verify", "--home", home, "--slot", SLOT, "--source", "paperspace.machines", "--quiet")
    assert ran.returncode == 1
    assert "(1 rows are not derived again, 1 are derived otherwise)" in ran.stdout
    assert "H100 80 GiB on demand lowest 1.0 (published 1.0, derived 5.95)" in ran.stdout
    assert "MATCH " not in ran.stdout.replace("MISMATCH ", "")


@pytest.mark.parametrize("damage", ["lost", "changed"])
def test_bytes_that_are_lost_or_changed_cannot_verify(home: Path, damage: str) -> None:
    (archive,) = (home / "raw" / SLOT[:10]).glob("aws.spot.*")
    if damage == "lost":
        archive.unlink()
    else:
        body = bytearray(archive.read_bytes())
        body[len(body) // 2] ^= 0xFF
        archive.write_bytes(bytes(body))
    (verdict,) = verdicts(home, "aws.spot")
    assert (verdict.state, verdict.source, verdict.figure) == ("UNVERIFIED", "aws.spot", "rows")
    assert {verdict.state for verdict in verdicts(home, "paperspace.machines")} == {"MATCH"}


def test_a_slot_that_is_not_published_is_refused(home: Path, gpuledger: Gpuledger) -> None:
    refused = gpuledger("verify", "--home", home, "--slot", "2020-01-01T03:00")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "nothing is published of 2020-01-01T03Z" in refused.stderr


def test_a_warehouse_of_an_older_version_says_so(home: Path, gpuledger_anew: Gpuledger) -> None:
    with duckdb.connect(str(home / WAREHOUSE_FILE)) as published:
        published.sql("DROP TABLE utilisation")
    refused = gpuledger_anew("report", "--home", home)
    assert refused.returncode == 2
    assert "`gpuledger publish`" in refused.stderr
