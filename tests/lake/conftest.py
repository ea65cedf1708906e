"""A lake of the test's own: a database of a PostgreSQL, and files in a folder or on a local S3 server."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import asyncpg
import pytest

from warehouse.storage.lake import Lake

USER, HOST, PORT = "postgres", "127.0.0.1", 5432
UNPRIVILEGED = "nobody"
BUCKET = "ledger"
_NUMBERS = count()


def execute(port: int, *statements: str) -> None:
    async def on_server() -> None:
        connection = await asyncpg.connect(f"postgresql://{USER}@{HOST}:{port}/postgres", timeout=5)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(on_server())


@pytest.fixture(scope="session")
def postgres() -> Iterator[int]:
    """The port of a PostgreSQL: the one that runs here, else one started from its installed programs."""
    try:
        execute(PORT, "SELECT 1")
    except (OSError, asyncpg.PostgresError, TimeoutError):
        with started() as port:
            yield port
    else:
        yield PORT


@contextmanager
def started() -> Iterator[int]:
    """A PostgreSQL of this test run, as a user without rights, which is what it insists on."""
    programs = [Path(found).parent for found in [shutil.which("initdb")] if found]
    programs += sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip(f"no PostgreSQL answers on {HOST}:{PORT}, and none is installed that could be started")
    folder = Path(mkdtemp(prefix="gpuledger-postgres-"))
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = int(free.getsockname()[1])
    data = ("-D", str(folder / "data"))
    options = f"-p {port} -k {folder} -c listen_addresses={HOST}"
    initdb, control = (str(programs[-1] / name) for name in ("initdb", "pg_ctl"))

    def run(*command: str, check: bool = True) -> None:
        subprocess.run(command, check=check, stdout=subprocess.DEVNULL, user=user)

    run(initdb, *data, "-U", USER, "-A", "trust")
    try:
        run(control, *data, "-o", options, "-l", str(folder / "log"), "-w", "start")
        yield port
    finally:
        run(control, *data, "-m", "immediate", "stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def database(postgres: int) -> Iterator[Callable[[], str]]:
    """Makes an empty database and says how to connect to it."""
    with ExitStack() as stack:

        def made() -> str:
            name = f"gpuledger_test_{os.getpid()}_{next(_NUMBERS)}"
            execute(postgres, f"CREATE DATABASE {name}")
            stack.callback(execute, postgres, f"DROP DATABASE {name} WITH (FORCE)")
            return f"host={HOST} port={postgres} user={USER} dbname={name}"

        yield made


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The AWS_ variables of a local S3 server that has the bucket BUCKET."""
    # Seconds to import, for the process alone in which these tests run.
    import boto3  # noqa: PLC0415
    from moto.server import ThreadedMotoServer  # noqa: PLC0415

    server = ThreadedMotoServer(ip_address=HOST, port=0, verbose=False)
    server.start()
    address, port = server.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL_S3": f"http://{address}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        "AWS_REGION": "us-east-1",
    }
    client = boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL_S3"],
        aws_access_key_id="key",
        aws_secret_access_key="not-a-secret",  # noqa: S106
        region_name="us-east-1",
    )
    client.create_bucket(Bucket=BUCKET)
    yield variables
    server.stop()


@pytest.fixture
def lake(database: Callable[[], str], tmp_path: Path) -> Lake:
    """A new lake with its files in a folder."""
    return Lake.parse(f"ducklake:postgres:{database()}", str(tmp_path / "lake"))


@pytest.fixture
def lake_in_s3(s3: dict[str, str], database: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A new lake with its files in a bucket."""
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    return Lake.parse(f"ducklake:postgres:{database()}", f"s3://{BUCKET}/{os.getpid()}-{next(_NUMBERS)}")
