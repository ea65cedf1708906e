"""A process that has imported what commands need and forks one for each that is asked of it.

Most of the time of a short command goes into imports, ten seconds of a nightly run. A command that is forked
has all the rest of its own: memory, folder, environment, output, a number to be ended by, and its end.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import IO, Any, Final

import duckdb

ROOT: Final = Path(__file__).resolve().parents[1]
SOCKET: Final = "prepared.sock"
# What a command imports before it begins; the rest is imported when the first command that needs it is asked.
EVERY_COMMAND: Final = (
    "flows.cli.app",
    "flows.operations.query",
    "flows.runtime.installation",
    "scrapers.crawl.client",
    "warehouse.transfer",
)
A_FLOW: Final = (
    "flows.scheduling.scheduled_request",
    "flows.cli.progress",
    "flows.pipeline.nightly",
    "flows.pipeline.replay",
    "great_expectations",
    "prefect.task_engine",
)
FLOWS: Final = frozenset({"nightly", "market", "replay"})
_LONGEST_REQUEST: Final = 1 << 18


class Forked:
    """A command that was forked, in the likeness of subprocess.Popen."""

    def __init__(self, pid: int, ended: int, stdout: IO[str], stderr: IO[str]) -> None:
        self.pid = pid
        self.stdout, self.stderr = stdout, stderr
        self.returncode: int | None = None
        self._ended = ended

    def wait(self, timeout: float | None = None) -> int:
        """How it ended; raises subprocess.TimeoutExpired where it has not."""
        if self.returncode is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("gpuledger", timeout or 0)
            self.returncode = int(os.read(self._ended, 16))
        return self.returncode

    def terminate(self) -> None:
        """Tell it to end."""
        os.kill(self.pid, signal.SIGTERM)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it has yet to say; ends with it and with whatever it has started that could still speak."""
        said = ["", ""]

        def read(place: int, output: IO[str]) -> None:
            said[place] = output.read()

        readers = [
            Thread(target=read, args=asked, daemon=True) for asked in enumerate((self.stdout, self.stderr))
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(timeout)
            if reader.is_alive():
                raise subprocess.TimeoutExpired("gpuledger", timeout or 0)
        self.wait(timeout)
        return said[0], said[1]

    def close(self) -> None:
        """End it, and whatever it started with it."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()
        os.close(self._ended)
        self.stdout.close()
        self.stderr.close()


class Prepared:
    """The commands of a process that is prepared; `variables` are added to the environment of each."""

    def __init__(self, address: str, **variables: str) -> None:
        self._address = address
        self._variables = variables

    def run(
        self, *arguments: str | Path, site: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, its output kept."""
        with self.started(*arguments, site=site, **variables) as command:
            out, err = command.communicate()
            return subprocess.CompletedProcess(list(map(str, arguments)), command.wait(), out, err)

    @contextmanager
    def started(self, *arguments: str | Path, site: bool = True, **variables: str) -> Iterator[Forked]:
        """A command at work, ended with the block and whatever it started with it.

        A flow without its `site` is for tests that are about what is stored: the site takes half of the time.
        """
        asked = {
            "arguments": list(map(str, arguments)),
            "folder": str(Path.cwd()),
            "environment": {**os.environ, **self._variables, **variables},
            "site": site,
        }
        out, err, ended = os.pipe(), os.pipe(), os.pipe()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.connect(self._address)
            socket.send_fds(connection, [json.dumps(asked).encode()], [out[1], err[1], ended[1]])
            for _, written in (out, err, ended):
                os.close(written)
            pid = int(connection.recv(16))
        forked = Forked(pid, ended[0], os.fdopen(out[0]), os.fdopen(err[0]))
        try:
            yield forked
        finally:
            forked.close()


@contextmanager
def at_work(folder: Path, **variables: str) -> Iterator[str]:
    """The process, for as long as it is needed; yields its address.

    What Prefect is to know stands in `variables`, since it looks as it is imported.
    """
    address = str(folder / SOCKET)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.prepared", address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, **variables},
        start_new_session=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield address
        finally:
            process.stdin.close()


def main(address: str) -> None:
    """Wait for commands, and in each that is forked: be it, and end as it ends."""
    from flows.scheduling.prefect_environment import prefect_prepared  # noqa: PLC0415 (must come before Prefect is imported)

    with prefect_prepared(Path(address).parent, dict(os.environ)):
        _import(EVERY_COMMAND)
        # DuckDB's own connection has a thread, which no process that is forked would have.
        duckdb.default_connection().close()
        asked = _asked(address)
    if asked is None:
        return
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv[1:] = asked["arguments"]
    from flows.cli.app import app  # noqa: PLC0415

    if asked["arguments"][0] in FLOWS and not asked["site"]:
        from reports import build  # noqa: PLC0415 (few commands need it)

        build.build = lambda *_, **__: []

    app()


def _import(modules: Sequence[str]) -> None:
    for module in modules:
        importlib.import_module(module)


def _asked(address: str) -> dict[str, Any] | None:
    """What is asked, in a process forked for it alone; None once standard input has come to its end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(address)
        listening.listen()
        print("ready", flush=True)
        while listening in select.select([sys.stdin, listening], [], [])[0]:
            connection, _ = listening.accept()
            with connection:
                message, files, _, _ = socket.recv_fds(connection, _LONGEST_REQUEST, 3)
                asked: dict[str, Any] = json.loads(message)
                if asked["arguments"][0] in FLOWS:
                    _import(A_FLOW)
                # A process in between waits for the end, so that this one can go on.
                if not os.fork() and _forked(connection, *files):
                    return asked
            for file in files:
                os.close(file)
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
    return None


def _forked(connection: socket.socket, out: int, err: int, ended: int) -> bool:
    """Fork once more; true in the process that was forked, never back in the other."""
    if pid := os.fork():
        os.setpgid(pid, pid)
        connection.send(str(pid).encode())
        for file in (connection.fileno(), out, err):
            os.close(file)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.write(ended, str(code).encode())
        os._exit(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for file, standard in ((nothing, 0), (out, 1), (err, 2)):
        os.dup2(file, standard)
        os.close(file)
    os.close(ended)
    return True


if __name__ == "__main__":
    main(sys.argv[1])
