"""The servers of `gpuledger serve`: Prefect's and the site's, on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.runtime.installation import Installation
from flows.scheduling.prefect_api import unusable_api
from flows.scheduling.prefect_environment import API_URL, prefect_prepared, settings_file
from flows.scheduling.prefect_secret import SecretRefused
from flows.scheduling.prefect_server import PortRefused, PrefectServer
from warehouse.errors import GpuledgerError


class ServingRefused(GpuledgerError):
    """Serving cannot start or cannot go on; the message says why and what to do."""


@contextmanager
def prefect_server(installation: Installation, port: int) -> Iterator[PrefectServer | None]:
    """Prefect prepared for serving an installation: by a server of our own, unless PREFECT_API_URL names one.

    Yields our server, started, or None. Raises ServingRefused.
    """
    if file := settings_file(Path.cwd()):
        raise ServingRefused(
            f"{Path.cwd() / file} has settings of Prefect, which the runs would read: "
            "start serve in another directory"
        )
    home, given = installation.home, installation.environment
    if given.get(API_URL, "").strip():
        with prefect_prepared(home, given) as wrong:
            if problem := wrong or unusable_api():
                raise ServingRefused(f"{problem}; start that server, or unset {API_URL}")
            yield None
        return
    try:
        server = PrefectServer(home, port, given)
    except (PortRefused, SecretRefused) as refused:
        raise ServingRefused(str(refused)) from refused
    try:
        server.start()
        with prefect_prepared(home, given, server.reach):
            if not server.wait():
                raise ServingRefused(f"the Prefect server did not start; see {server.log}")
            yield server
    finally:
        server.close()
