"""What the machine does to a run: no room, no permission, killed helpers, damaged files. Then it heals."""

from __future__ import annotations

import ctypes
import gzip
import os
import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.flows.scheduling.test_servers import below, scrapes
from tests.prepared import Prepared
from tests.processes import COMMAND, eventually
from tests.warehouse.test_ledger import record
from warehouse.data_folder import LEDGER_FILE, WAREHOUSE_FILE
from warehouse.ledger import Ledger
from warehouse.storage import FileStorage

STORED = [("local.market", "ok"), ("local.prices", "ok")]
DROP_FROM_BOUNDING_SET = 24
CAP_DAC_OVERRIDE = 1

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    yield folder
    if folder.exists():
        folder.chmod(0o755)


@pytest.fixture
def run(local: Any, prefect_server: str, prepared: Prepared, home: Path) -> Run:
    """A command on the test's data folder, with no site; with one in a process that `before` has prepared."""

    def command(*words: str, before: Callable[[], object] | None = None) -> subprocess.CompletedProcess[str]:
        if before is None:
            return prepared.run(*words, "--home", home, site=False, **local.variables)
        return subprocess.run(
            [*COMMAND, *words, "--home", str(home)],
            env={**os.environ, **local.variables, "PREFECT_API_URL": prefect_server},
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=before,
        )

    return command


def refused(ended: subprocess.CompletedProcess[str], *words: str) -> None:
    """The command ended with a sentence that has these words, and without a traceback."""
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    last = ended.stderr.strip().splitlines()[-1]
    assert last.startswith("gpuledger: ")
    assert all(word in last for word in words), last


def files_of_at_most(size: int) -> None:
    """As on a full disk, no file of this process can grow beyond a size."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def without_the_rights_of_root() -> None:
    """Root writes where nobody may; without this capability it is held to the permissions like everybody."""
    ctypes.CDLL(None).prctl(DROP_FROM_BOUNDING_SET, CAP_DAC_OVERRIDE, 0, 0, 0)


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(200_000, id="while it begins", marks=pytest.mark.soak),
        pytest.param(2_000_000, id="while it publishes"),
    ],
)
def test_a_full_disk_is_told_and_the_next_run_heals(run: Run, home: Path, size: int) -> None:
    refused(run("nightly", before=lambda: files_of_at_most(size)), "too large", "free some space")
    assert run("nightly").returncode == 0
    assert scrapes(home) == STORED
    assert run("doctor").returncode == 0
    assert not list(home.glob(".gpuledger-*"))


def test_a_run_that_finds_no_ledger_beside_a_copy_of_it_is_refused(run: Run, home: Path) -> None:
    with Ledger(FileStorage(home)) as ledger:
        ledger.append(record())
    FileStorage(home).publish()
    (home / LEDGER_FILE).unlink()
    before = (home / WAREHOUSE_FILE).read_bytes()
    refused(run("nightly"), "ledger.duckdb is not there", f"gpuledger ledger restore {home / WAREHOUSE_FILE}")
    assert (home / WAREHOUSE_FILE).read_bytes() == before
    assert not (home / LEDGER_FILE).exists()


def test_a_folder_that_cannot_be_written_is_told(run: Run, home: Path) -> None:
    home.mkdir()
    home.chmod(0o555)
    refused(run("nightly", before=without_the_rights_of_root), "Permission denied", str(home))
    examined = run("doctor", before=without_the_rights_of_root)
    assert examined.returncode == 1
    assert "let the user who runs gpuledger write there" in examined.stdout
    home.chmod(0o755)
    assert run("nightly").returncode == 0
    assert scrapes(home) == STORED


def test_a_crawl_that_is_killed_fails_its_sources_and_the_next_run_stores_them(
    run: Run, local: Any, home: Path, prepared: Prepared
) -> None:
    local.server.gate.clear()
    with prepared.started("nightly", "--home", home, **local.variables) as night:
        assert local.server.asked.wait(60)
        for child in eventually(lambda: below(night.pid)):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        out, _ = night.communicate(timeout=60)
        assert night.returncode == 1
        assert "the crawl ended before this source was fetched" in out
    assert {status for _, status in scrapes(home)} == {"skipped"}
    local.server.gate.set()
    assert run("nightly").returncode == 0
    assert {status for _, status in scrapes(home)} == {"skipped", "ok"}


RENDERED = """
[source.page]
title = "A page that needs a browser"
format = "rendered_page"
delay_seconds = 0
timeout_seconds = 60
good.offers.rows_at_least = 1
[[source.page.request]]
url = "http://127.0.0.1:{port}/page"
wait_for = ".price"
"""
PAGE = """
from scrapers.page import Html

@source_page(Html)
def page(documents, notes):
    for document in documents:
        price = float(document.css(".price::text").get())
        kind = dict(gpu_model="H100", gpu_count=1, pricing_model="on_demand")
        yield offer(document.capture, offer_key="p", usd_per_hour=price, price_as_shown="2.5", **kind)
"""


def test_a_browser_that_is_killed_costs_its_page_a_try_and_the_others_nothing(
    local: Any, home: Path, prepared: Prepared, chromium: str
) -> None:
    folder = Path(local.variables["GPULEDGER_PROVIDERS"]) / "local"
    with (folder / "provider.toml").open("a", encoding="utf-8") as declared:
        declared.write(RENDERED.format(port=local.server.server_port))
    with (folder / "page.py").open("a", encoding="utf-8") as read:
        read.write(PAGE)
    local.server.page_gate.clear()
    variables = {**local.variables, "GPULEDGER_CHROMIUM": chromium}
    with prepared.started("nightly", "--home", home, site=False, **variables) as night:
        for browser in eventually(lambda: browsers(night.pid)):
            with suppress(ProcessLookupError):
                os.kill(browser, signal.SIGKILL)
        local.server.page_gate.set()
        out, error = night.communicate(timeout=120)
        assert "Traceback" not in error
    found = dict(scrapes(home))
    assert {name: found[name] for name, _ in STORED} == dict(STORED)
    assert found["local.page"] == "ok" or "local.page" in out


def browsers(process: int) -> list[int]:
    """The processes of a browser below a process."""
    found = []
    for child in below(process):
        with suppress(OSError):
            if "chrom" in Path(f"/proc/{child}/comm").read_text(encoding="utf-8"):
                found.append(child)
    return found


@pytest.mark.soak
def test_a_published_copy_that_is_damaged_is_told_and_made_anew(run: Run, home: Path) -> None:
    assert run("nightly").returncode == 0
    published = home / WAREHOUSE_FILE
    whole = published.read_bytes()
    for damaged in (whole[:100_000], b"\0" * len(whole)):
        published.unlink()
        published.write_bytes(damaged)
        refused(run("sql", "SELECT count(*) FROM offers"), "cannot be read", "gpuledger publish")
    refused(run("report"), "cannot be read")
    assert run("nightly").returncode == 0
    assert scrapes(home) == STORED


@pytest.mark.soak
def test_an_archive_whose_end_is_gone_is_told_by_all_who_read_it(run: Run, home: Path) -> None:
    assert run("nightly").returncode == 0
    (archive,) = home.glob("raw/*/local.prices.*.warc.gz")
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EOFError):
        gzip.decompress(archive.read_bytes())
    verified = run("verify", "--sample", "9", "--quiet")
    assert verified.returncode == 2
    assert "local.prices" in verified.stdout
    replayed = run("replay", "--since", "2026-01-01")
    assert replayed.returncode == 2
    assert archive.name in replayed.stderr
    assert run("nightly").returncode == 0
    archive.write_bytes(whole)
    assert run("verify", "--sample", "9", "--quiet").returncode == 0


@pytest.mark.soak
def test_a_ledger_that_is_damaged_is_told_and_its_copy_brings_it_back(run: Run, home: Path) -> None:
    assert run("nightly").returncode == 0
    assert run("ledger", "backup").returncode == 0
    (copy,) = home.glob("backups/*.duckdb")
    ledger = home / LEDGER_FILE
    ledger.write_bytes(ledger.read_bytes()[:50_000])
    refused(run("nightly"), "cannot be opened as a ledger", "gpuledger ledger restore")
    assert run("ledger", "restore", str(copy)).returncode == 0
    with Ledger(FileStorage(home)) as opened:
        assert opened.query("SELECT count(*) FROM offers").item() == 2
    assert run("doctor").returncode == 0
