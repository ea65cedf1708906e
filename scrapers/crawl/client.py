"""The client of the crawl process: a plan of jobs in, sealed archives out.

The crawl runs in a child process of its own, because a reactor starts only once in a process and a hung
browser can only be ended from outside.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from scrapers.archive.redaction import Secrets
from scrapers.child_process import inherited
from warehouse.errors import GpuledgerError
from warehouse.text_safety import visible

logger = logging.getLogger(__name__)

REQUEST_TIMEOUT: Final = 60
"""Seconds that one request may take where nothing else is said."""

_SECONDS_TO_END: Final = 5
_CHUNK: Final = 1 << 16


class FetchRefused(GpuledgerError):
    """The plan cannot be carried out; the message says what to mend."""


@dataclass(frozen=True)
class Job:
    """One source in one slot."""

    source: str
    slot: datetime


@dataclass(frozen=True)
class FetchPlan:
    """What one crawl is asked to do.

    `recorded` is a folder of WARC files that is read in place of the network, and with `partial` an answer
    that it lacks is not an error. `allow_loopback` lets requests reach this machine, for tests. `chromium` is
    the browser's path, `providers` a folder of further providers, `request_timeout` in seconds.
    """

    home: Path
    run_id: str
    jobs: tuple[Job, ...]
    recorded: Path | None = None
    partial: bool = False
    allow_loopback: bool = False
    chromium: str | None = None
    providers: Path | None = None
    request_timeout: int = REQUEST_TIMEOUT

    @property
    def log(self) -> Path:
        """Where the crawl writes its log."""
        return self.home / "logs" / f"crawl-{self.run_id}.log"


PLAN: Final = TypeAdapter(FetchPlan)
JOB: Final = TypeAdapter(Job)


async def fetch(
    plan: FetchPlan, on_done: Callable[[Job, Path], None], secrets: Iterable[str] = ()
) -> dict[Job, Path]:
    """Carry out a plan in a child process; returns the sealed archive of each job that was finished.

    `on_done` is told of each archive as it is sealed. A job that the child did not finish, because it was
    ended or broke, is absent. Cancelling ends the child and its browser. `secrets` are struck out of its log,
    and it takes the keys of sources from the environment. Raises FetchRefused.
    """
    plan.log.parent.mkdir(parents=True, exist_ok=True)
    done: dict[Job, Path] = {}
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scrapers.crawl"),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=inherited(),
        start_new_session=True,
    )
    logged = asyncio.create_task(_log(child, plan, Secrets(secrets)))
    try:
        async for event in _events(child, PLAN.dump_json(plan)):
            if "refused" in event:
                raise FetchRefused(event["refused"])
            job = JOB.validate_python(event["job"])
            done[job] = Path(event["path"])
            on_done(job, done[job])
        await child.wait()
    finally:
        await _end(child)
        # A browser that outlives the crawl would hold its end of the pipe open.
        await asyncio.wait([logged], timeout=_SECONDS_TO_END)
        logged.cancel()
    if len(done) < len(plan.jobs):
        logger.error(
            "the crawl ended with code %s after %d of %d jobs; see %s",
            child.returncode,
            len(done),
            len(plan.jobs),
            plan.log,
        )
    return done


async def _events(child: Process, plan: bytes) -> AsyncIterator[dict[str, Any]]:
    if child.stdin is None or child.stdout is None:
        raise TypeError("the child has no pipes")
    child.stdin.write(plan)
    child.stdin.close()
    async for line in child.stdout:
        yield json.loads(line)


async def _log(child: Process, plan: FetchPlan, secrets: Secrets) -> None:
    """Write the child's log line by line, without credentials and with nothing that a terminal obeys."""
    if child.stderr is None:
        raise TypeError("the child has no pipes")
    rest = b""
    with plan.log.open("a", encoding="utf-8") as log:
        while chunk := await child.stderr.read(_CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            log.writelines(f"{_line(line, secrets)}\n" for line in lines)
            log.flush()
        log.write(_line(rest, secrets))


def _line(line: bytes, secrets: Secrets) -> str:
    return visible(secrets.struck(line.decode("utf-8", "replace")))


async def _end(child: Process) -> None:
    """End the child's process group, if it still runs: politely, then not."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        if child.returncode is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(child.pid, sent)
        try:
            await asyncio.wait_for(child.wait(), _SECONDS_TO_END)
        except TimeoutError:
            logger.warning("the crawl did not end on %s", sent.name)
