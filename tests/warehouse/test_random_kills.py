"""Restore, compact, publish, import and copy, killed at random moments: nothing is lost. For `make soak`."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.flows.history.test_importer import LIST, many
from tests.warehouse.test_views import offer, store
from warehouse.atomic import leftovers
from warehouse.checksums import checksums
from warehouse.data_folder import LEDGER_FILE, WAREHOUSE_FILE, scrapes_in
from warehouse.ledger import Ledger
from warehouse.maintenance import backup
from warehouse.storage import FileStorage

NIGHTS, OFFERS, KILLS = 40, 3000, 12
PRELUDE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
home, now = Path(sys.argv[1]), datetime.now(UTC)
"""
ACTS = {
    "restore": "from warehouse.restore import restore\nrestore(home, *home.glob('backups/ledger-2*'), now)",
    "compact": "from warehouse.maintenance import compact; compact(home)",
    "publish": "from warehouse.ledger_file import publish_copy; publish_copy(home)",
}
IMPORT = """
from flows.history.importer import ImportRequest, import_history
from scrapers.history.mappings import load
from warehouse.ledger import Ledger
from warehouse.storage import FileStorage
mapping, path = load(str(home.parent / "a_list.toml")), home.parent / "list.csv"
with Ledger(FileStorage(home)) as ledger:
    import_history(ImportRequest(home, path, mapping, rows=200), ledger)
"""

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published ledger of moderate size with a backup of its first half."""
    home = tmp_path_factory.mktemp("filled") / "home"
    for nights in (range(NIGHTS // 2), range(NIGHTS // 2, NIGHTS)):
        with Ledger(FileStorage(home)) as ledger:
            for night in nights:
                store(ledger, night, "offers", [offer(1.5, key=str(number)) for number in range(OFFERS)])
        if 0 in nights:
            backup(home, datetime(2026, 11, 20, tzinfo=UTC))
    FileStorage(home).publish()
    return home


@pytest.mark.parametrize("name", ["restore", "compact", "publish"])
def test_a_command_that_is_killed_loses_no_row_and_can_be_started_again(
    name: str, filled: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", PRELUDE + ACTS[name]]
    home = Path(shutil.copytree(filled, tmp_path / "undisturbed"))
    before, began = checksums(home / LEDGER_FILE), time.monotonic()
    subprocess.run([*command, str(home)], check=True)
    lasts, after = time.monotonic() - began, checksums(home / LEDGER_FILE)
    moments, killed = random.Random(KILLS), 0
    for attempt in range(3 * KILLS):
        home = Path(shutil.copytree(filled, tmp_path / f"{attempt}"))
        with subprocess.Popen([*command, str(home)]) as process:
            time.sleep(moments.uniform(0.2, 1.0) * lasts)
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
        with Ledger(FileStorage(home)) as ledger:
            store(ledger, NIGHTS + 1, "offers", [])
        assert not leftovers(home)
        held = checksums(home / LEDGER_FILE)["offers"]
        assert held in (before["offers"], after["offers"])
        FileStorage(home).publish()
        assert scrapes_in(home / WAREHOUSE_FILE) == scrapes_in(home / LEDGER_FILE)
        subprocess.run([*command, str(home)], check=True)
        shutil.rmtree(home)
        if killed == KILLS:
            break
    assert killed == KILLS


def test_an_import_that_is_killed_again_and_again_stores_every_row_once(tmp_path: Path) -> None:
    many(tmp_path / "list.csv", days=400, machines=20)
    (tmp_path / "a_list.toml").write_bytes(LIST)
    home, moments, killed = tmp_path / "home", random.Random(KILLS), 0
    command = [sys.executable, "-c", PRELUDE + IMPORT, str(home)]
    while killed < KILLS:
        with subprocess.Popen(command) as process:
            time.sleep(moments.uniform(0.5, 2.5))
            process.send_signal(signal.SIGKILL)
            if process.wait() == 0:
                break
        killed += 1
    subprocess.run(command, check=True)
    with Ledger(FileStorage(home)) as ledger:
        counted = "SELECT count(*), count(DISTINCT (slot, offer_id)) FROM history_offers"
        assert ledger.query(counted).row(0) == (8000, 8000)
    assert killed
    assert not leftovers(home)
