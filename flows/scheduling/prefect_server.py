"""Our Prefect server: on loopback, with a password and a guard, its state in the data folder.

The process that starts it keeps the listening socket. No other process can take the port while the server
restarts, and requests wait meanwhile instead of being refused. The server ends when that process ends.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from flows.scheduling.prefect_environment import API_URL, AUTH_STRING, FOLDER, prefect_environment
from flows.scheduling.prefect_secret import api_secret
from warehouse.errors import GpuledgerError

SECONDS_TO_START: Final = 120.0
_SECONDS_TO_END: Final = 10.0
_SECONDS_BETWEEN_LOOKS: Final = 0.2
# What a Python process needs of its environment; no credential of a provider or a database is among it.
_INHERITED: Final = (
    *("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH"),
    *("TMPDIR", "TZ", "USER"),
)


class PortRefused(GpuledgerError):
    """The port cannot be had; the message says why."""


class PrefectServer:
    """The server's process, started and ended any number of times on one port of 127.0.0.1.

    `secret` opens its API at `address`; `given` is the installation's environment. Raises
    PortRefused when the port cannot be had, and SecretRefused.
    """

    def __init__(self, home: Path, port: int, given: Mapping[str, str]) -> None:
        self.secret = api_secret(home)
        self._home, self._given = home, given
        self._socket = _listening(port)
        self.port: int = self._socket.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/api"
        self.log = home / "logs" / "prefect-server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def reach(self) -> dict[str, str]:
        """The variables by which Prefect reaches it; the secret is among them."""
        return {API_URL: self.address, AUTH_STRING: self.secret}

    def start(self) -> None:
        """Begin to start it; `answers` says when it is ready."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        (self._home / FOLDER).mkdir(parents=True, exist_ok=True)
        command = (sys.executable, "-m", "flows.scheduling.prefect_server", "--home", str(self._home))
        port, file = str(self.port), str(self._socket.fileno())
        with self.log.open("ab") as output:
            # In a session of its own, so that Ctrl-C ends the runs before the server that they report to.
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                (*command, "--port", port, "--socket", file),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=(self._socket.fileno(),),
                env=server_variables(self._home, self.port, self.secret, self._given),
            )

    def ended(self) -> str:
        """How the process has ended, "" while it is alive."""
        if self._process is None:
            return "it was not started"
        code = self._process.poll()
        if code is None:
            return ""
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def answers(self, timeout: float = 5.0) -> bool:
        """Whether it is up and answers within so many seconds."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", "/api/health")
            return connection.getresponse().status == 200  # noqa: PLR2004 (HTTP's OK)
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def wait(self, seconds: float = SECONDS_TO_START) -> bool:
        """Wait until it answers; false when it ends before that, or has not within so many seconds."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.ended():
            if self.answers():
                return True
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        return False

    def stop(self) -> None:
        """End the process, and what it may have started."""
        if self._process is None:
            return
        for sent in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, sent)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_SECONDS_TO_END)
                break
        if self._process.stdin:
            self._process.stdin.close()
        self._process = None

    def close(self) -> None:
        """End the process and give the port back."""
        self.stop()
        self._socket.close()


def server_variables(home: Path, port: int, secret: str, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of the server's process: of what is `given` only what any Python process needs."""
    inherited = {name: given[name] for name in _INHERITED if name in given}
    address = f"http://127.0.0.1:{port}"
    return {
        **prefect_environment(home, inherited).variables,
        API_URL: f"{address}/api",
        AUTH_STRING: secret,
        "PREFECT_SERVER_API_AUTH_STRING": secret,
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"{address},http://localhost:{port}",
        # The dashboard finds the API by this, and by default it looks on port 4200.
        "PREFECT_SERVER_UI_API_URL": f"{address}/api",
        # By default the pages are copied into the installed package, which may be read-only or shared.
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home / FOLDER / "ui"),
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",
    }


def _listening(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen(128)
    except (OSError, OverflowError) as problem:
        listening.close()
        why = getattr(problem, "strerror", None) or problem
        raise PortRefused(
            f"the Prefect server cannot have port {port}: {why}; name another --prefect-port"
        ) from problem
    return listening


def _end_with_parent() -> None:
    """End this process when the one that started it has ended, however it did."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Serve Prefect's application behind the guard, on a socket that the starting process listens on."""
    parser = argparse.ArgumentParser(prog="flows.scheduling.prefect_server")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--socket", type=int, required=True)
    asked = parser.parse_args()
    settings = asked.home / FOLDER / "settings"
    settings.mkdir(mode=0o700, exist_ok=True)
    # Prefect takes settings from files of the working directory.
    os.chdir(settings)
    os.umask(0o077)
    threading.Thread(target=_end_with_parent, daemon=True).start()

    import uvicorn  # noqa: PLC0415 (after the folder is the right one)
    from prefect.server.api.server import create_app  # noqa: PLC0415

    from flows.scheduling.prefect_guard import Guard  # noqa: PLC0415

    guarded = Guard(create_app(final=True), asked.port)
    config = uvicorn.Config(
        guarded,
        lifespan="on",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=asked.socket)])


if __name__ == "__main__":
    main()
