"""Long runs, for `make soak`: hundreds of slots with a worker that is killed, and fifty served runs.

What they measured last stands in docs/reliability.md, which `make soak` writes.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.flows.measured import write
from tests.flows.pipeline.test_nightly import Runs, ask, contents
from tests.flows.scheduling.test_servers import below
from tests.processes import eventually, free_port, started

KILLS = 100
NIGHTS = 60
PROVIDERS = ("paperspace", "aws", "google_colab")
RUNS = 50
SETTLED_AFTER = 10

pytestmark = pytest.mark.soak


def test_a_worker_that_is_killed_and_restarted_stores_every_slot_once(
    tmp_path: Path, demo_home: Path, prefect_server: str
) -> None:
    runs = Runs(demo_home / "recorded-web", tmp_path / "prefect", prefect_server, PROVIDERS)
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    lasted = []
    for night in range(4):
        began = time.monotonic()
        assert runs.run(undisturbed, night, night + 1) == 0
        lasted.append(time.monotonic() - began)
    whole_run = min(lasted)
    assert runs.run(undisturbed, 0, NIGHTS) == 0

    moments, killed, attempts = random.Random(KILLS), 0, 0
    while killed < KILLS:
        night = killed * NIGHTS // KILLS
        ended = runs.run(disturbed, night, night + 1, kill_after=moments.uniform(0.02, 1.0) * whole_run)
        killed += ended == signal.SIGKILL
        attempts += 1
        whole_run *= 1 if ended else 0.9
    assert runs.run(disturbed, 0, NIGHTS) == 0
    runs.close()

    counted = "SELECT count(*), count(DISTINCT (source, slot)) FROM current_scrapes"
    ((slots, distinct),) = ask(disturbed, f"{counted} WHERE origin = 'snapshot'")
    assert slots == distinct >= 200
    whole, found = contents(undisturbed), contents(disturbed)
    lost = sum(len(set(rows) - set(found[table])) for table, rows in whole.items())
    doubled = sum(len(rows) - len(whole[table]) for table, rows in found.items())
    write(
        "Kills",
        f"{slots} (source, slot) pairs of {len(PROVIDERS)} providers; the worker was killed {killed} times, "
        f"at moments drawn from the whole of a run, and started again ({attempts} runs): {lost} rows lost, "
        f"{doubled} rows doubled or half, against the same nights without a kill.",
    )
    assert (lost, doubled) == (0, 0)


def test_the_memory_of_a_serving_process_stays_where_it_is(tmp_path: Path, local: Any) -> None:
    home, port = tmp_path / "home", free_port()
    api = f"http://127.0.0.1:{port}/api"
    # Its own schedules are far away: the runs are asked for one by one.
    variables = {
        **local.variables,
        "GPULEDGER_SCHEDULE__NIGHTLY": "0 0 1 1 *",
        "GPULEDGER_SCHEDULE__MARKET": "",
    }
    used: list[float] = []
    with started("serve", "--home", home, "--prefect-port", str(port), **variables) as serving:
        (deployment,) = eventually(lambda: _post(f"{api}/deployments/filter"))
        for _ in range(RUNS):
            run = _post(f"{api}/deployments/{deployment['id']}/create_flow_run")
            eventually(lambda run=run: _ended(api, run["id"]), 120)
            used.append(_megabytes(serving.pid))
        servers = sorted(round(_megabytes(child)) for child in below(serving.pid))
    grown = max(used[SETTLED_AFTER:]) / used[SETTLED_AFTER]
    write(
        "Serving",
        f"The process of `gpuledger serve` held {used[SETTLED_AFTER]:.0f} MB after {SETTLED_AFTER + 1} runs "
        f"and {used[-1]:.0f} MB after {RUNS}; the Prefect server beside it {servers[-1]} MB.",
    )
    assert grown < 1.1


def _post(address: str) -> Any:
    asked = Request(address, data=b"{}", headers={"Content-Type": "application/json"})
    with urlopen(asked) as answer:
        return json.load(answer)


def _ended(api: str, run: str) -> bool:
    with urlopen(f"{api}/flow_runs/{run}") as answer:
        state = json.load(answer)["state_type"]
    assert state not in {"FAILED", "CRASHED", "CANCELLED"}
    return bool(state == "COMPLETED")


def _megabytes(process: int) -> float:
    """The memory that a process holds, in MB."""
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
