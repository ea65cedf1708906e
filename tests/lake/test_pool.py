"""Workers of a Prefect pool share a night and write one lake at once, Prefect's server on PostgreSQL too."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from flows.scheduling.heartbeat import LIFE_PATIENCE
from tests.flows.conftest import PAGE, LocalServer
from tests.lake.conftest import HOST, USER
from tests.loopback import Declared, declare_provider, serving
from tests.processes import COMMAND, PREFECT, eventually, prefect_at_work, started
from warehouse.session import read_warehouse
from warehouse.storage.lake import Lake

ROOT = Path(__file__).resolve().parents[2]
PROVIDERS = ("alpha", "beta", "delta", "gamma")
WORKERS = 2


@pytest.fixture
def variables(tmp_path: Path, lake: Lake, database: Callable[[], str], postgres: int) -> dict[str, str]:
    """What every process of the installation is told."""
    name = database().rpartition("dbname=")[2]
    return {
        "GPULEDGER_HOME": str(tmp_path / "home"),
        "GPULEDGER_WAREHOUSE": str(lake),
        "GPULEDGER_WAREHOUSE_DATA": lake.data,
        "GPULEDGER_PROVIDERS": str(tmp_path / "providers"),
        "GPULEDGER_ONLY": json.dumps(PROVIDERS),
        "GPULEDGER_ALLOW_LOOPBACK": "true",
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"postgresql+asyncpg://{USER}@{HOST}:{postgres}/{name}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }


def pool(stack: ExitStack, folder: Path, variables: dict[str, str]) -> LocalServer:
    """A pool without workers yet, and a server of every provider that answers once its gate is open."""
    server = LocalServer()
    server.gate.clear()
    for provider in PROVIDERS:
        asks = [f'url = "http://127.0.0.1:{server.server_port}/{provider}"']
        declare_provider(folder / "providers", provider, {"prices": Declared("json_api", asks)}, PAGE)
    stack.enter_context(serving(server, server.gate))
    variables["PREFECT_API_URL"] = stack.enter_context(prefect_at_work(folder / "server", **variables))
    run(*PREFECT, "--no-prompt", "work-pool", "create", "gpuledger", "--type", "process", **variables)
    run(*PREFECT, "--no-prompt", "deploy", "--all", **variables)
    return server


@pytest.mark.soak
def test_workers_share_a_night(tmp_path: Path, lake: Lake, variables: dict[str, str]) -> None:
    with ExitStack() as stack:
        server = pool(stack, tmp_path, variables)
        for worker in range(WORKERS):
            own = {**variables, "PREFECT_HOME": str(tmp_path / f"worker-{worker}")}
            stack.enter_context(started("worker", "start", "--pool", "gpuledger", command=PREFECT, **own))
        run(*PREFECT, "deployment", "run", "shared/nightly-in-pool", **variables)
        # Nobody is answered before all are under way.
        eventually(lambda: len(server.paths) == len(PROVIDERS), 240)
        server.gate.set()
        eventually((tmp_path / "home" / "site" / "index.html").exists, 240)

    with read_warehouse(lake) as connection:
        scrapes = "SELECT source, status FROM scrapes WHERE provider <> 'history' ORDER BY source"
        assert connection.sql(scrapes).fetchall() == [(f"{name}.prices", "ok") for name in PROVIDERS]
        ((runs,),) = connection.sql("SELECT count(*) FROM runs WHERE flow = 'nightly'").fetchall()
        assert runs == len(PROVIDERS)
    page = (tmp_path / "home" / "site" / "index.html").read_text(encoding="utf-8")
    assert f"{len(PROVIDERS)} of {len(PROVIDERS)} sources were read" in page
    # The same commands serve a lake and a folder; Prefect's server is down by now.
    del variables["PREFECT_API_URL"]
    asked = run(*COMMAND, "sql", "SELECT count(*) AS offers FROM latest_offers", "-f", "json", **variables)
    assert json.loads(asked) == [{"offers": len(PROVIDERS)}]
    assert "MATCH" in run(*COMMAND, "verify", **variables)
    assert str(lake) in run(*COMMAND, "doctor", **variables)
    assert "rows: " in run(*COMMAND, "ledger", "compact", **variables)
    assert "and not a file; copy it" in run(*COMMAND, "ledger", "backup", code=2, **variables)
    run(*COMMAND, "ledger", "copy", tmp_path / "file", **variables)
    run(*COMMAND, "export", tmp_path / "parquet", **variables)
    assert list((tmp_path / "parquet" / "offers").rglob("*.parquet"))


@pytest.mark.soak
def test_a_night_ends_within_minutes_when_a_machine_of_the_pool_dies(
    tmp_path: Path, lake: Lake, variables: dict[str, str]
) -> None:
    with ExitStack() as stack:
        server = pool(stack, tmp_path, variables)
        # The first one has room for the run that shares and for two shares, the second for the other two.
        limited = ("worker", "start", "--pool", "gpuledger", "--limit", "3")
        first = {**variables, "PREFECT_HOME": str(tmp_path / "worker-0")}
        stack.enter_context(started(*limited, command=PREFECT, **first))
        run(*PREFECT, "deployment", "run", "shared/nightly-in-pool", **variables)
        eventually(lambda: len(server.paths) == 2, 240)
        second = {**variables, "PREFECT_HOME": str(tmp_path / "worker-1")}
        dies = stack.enter_context(started(*limited, command=PREFECT, **second))
        eventually(lambda: len(server.paths) == len(PROVIDERS), 240)
        for process in descendants(dies.pid):
            os.kill(process, signal.SIGKILL)
        died = time.monotonic()
        server.gate.set()
        eventually((tmp_path / "home" / "site" / "index.html").exists, LIFE_PATIENCE + 180)
        assert time.monotonic() - died > LIFE_PATIENCE / 2

    with read_warehouse(lake) as connection:
        scrapes = "SELECT DISTINCT source, status FROM scrapes WHERE provider <> 'history' ORDER BY source"
        assert connection.sql(scrapes).fetchall() == [(f"{name}.prices", "ok") for name in PROVIDERS]


def descendants(process: int) -> list[int]:
    """A process and everything below it."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    return [process, *(below for child in children for below in descendants(int(child)))]


def run(*command: str | Path, code: int = 0, **variables: str) -> str:
    """What a command says that ends with this code."""
    ran = subprocess.run(
        list(map(str, command)),
        env={**os.environ, **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr
