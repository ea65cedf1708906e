"""The servers of `gpuledger serve`, for this machine only: Prefect's, and that of the site."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.scheduling.prefect_api import reaching, unusable_api
from flows.scheduling.prefect_environment import API_URL, prepare_prefect, settings_file
from flows.scheduling.prefect_secret import SecretRefused
from flows.scheduling.prefect_server import PortRefused, PrefectServer
from warehouse.errors import GpuledgerError


class ServingRefused(GpuledgerError):
    """Serving cannot start or cannot go on; the message says why and what to do."""


@contextmanager
def prefect_server(home: Path, port: int) -> Iterator[PrefectServer | None]:
    """Prefect prepared for serving a data folder: by a server of our own, unless PREFECT_API_URL names one.

    Yields our server, started, or None. Raises ServingRefused.
    """
    if file := settings_file(Path.cwd()):
        raise ServingRefused(
            f"{Path.cwd() / file} has settings of Prefect, which the runs would read: "
            "start serve in another directory"
        )
    if os.environ.get(API_URL, "").strip():
        if problem := prepare_prefect(home) or unusable_api():
            raise ServingRefused(f"{problem}; start that server, or unset {API_URL}")
        yield None
        return
    try:
        server = PrefectServer(home, port)
    except (PortRefused, SecretRefused) as refused:
        raise ServingRefused(str(refused)) from refused
    try:
        server.start()
        # The runs inherit this environment.
        with reaching(server):
            prepare_prefect(home)
            if not server.wait():
                raise ServingRefused(f"the Prefect server did not start; see {server.log}")
            yield server
    finally:
        server.close()
