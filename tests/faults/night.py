"""One night over every fault in every format at once: `python -m tests.faults.night HOME`.

It is the nightly flow itself, in a process of its own, as a schedule would start it; what it stored is read
from the published copy.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.faults import in_fetching, in_prices, in_reading
from tests.faults.cases import Fault
from tests.faults.content import MACHINES, PATH
from tests.faults.server import serving
from tests.loopback import Declared, declare_provider

PROVIDER = "faulty"
REQUEST_TIMEOUT = 10
FAULTS: list[Fault] = [*in_fetching.FAULTS, *in_reading.FAULTS, *in_prices.FAULTS]
_ROOT = Path(__file__).resolve().parents[2]
_PAGE = Path(__file__).with_name("page.py")


@contextmanager
def declared(folder: Path, wanted: Iterable[tuple[Fault, str]]) -> Iterator[Path]:
    """Serve the faults and declare their sources; yields the folder of providers."""
    wanted = list(wanted)
    hosts = {fault.source(format): fault.replies(format) for fault, format in wanted if not fault.address}
    with serving(hosts) as addresses:
        sources = {
            fault.source(format): _declared(format, fault.address or addresses[fault.source(format)])
            for fault, format in wanted
        }
        yield declare_provider(folder, PROVIDER, sources, _PAGE.read_text(encoding="utf-8"))


def _declared(format: str, address: str) -> Declared:
    wait = 'wait_for = "td"\n' if format == "rendered_page" else ""
    return Declared(format, [f'url = "{address}{PATH}"\n{wait}'], rows_at_least=len(MACHINES) - 1)


def pairs(faults: Iterable[Fault] = FAULTS, *, browser: bool) -> list[tuple[Fault, str]]:
    """Every fault in every format it applies to, those of the browser only where there is one."""
    return [
        (fault, format)
        for fault in faults
        for format in fault.formats
        if browser or format != "rendered_page"
    ]


def run(home: Path, *only: str, **variables: str) -> None:
    """Run the night in a process of its own; raises RuntimeError, with its last words, when it ends badly.

    `only` names sources to be the only ones, `variables` are added to the environment.
    """
    environment = {**os.environ, **variables}
    command = [sys.executable, "-m", "tests.faults.night", str(home), *only]
    log = home / "night.log"
    # A file and no pipe: what the night leaves running, should it die, would hold a pipe open.
    with log.open("wb") as said:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=_ROOT,
            env=environment,
            check=False,
        )
    if ended.returncode:
        raise RuntimeError(
            f"the night ended with {ended.returncode}: {log.read_text(encoding='utf-8')[-4000:]}"
        )


def some(browser: bool) -> list[tuple[Fault, str]]:
    """Every fault in the first format that it has and in one other, not always the same."""
    chosen = []
    for place, fault in enumerate(FAULTS):
        first, *others = sorted(pairs([fault], browser=browser), key=lambda pair: pair[1] == "rendered_page")
        chosen += [first, *(others if fault.name == "none" else others[place % max(len(others), 1) :][:1])]
    return chosen


def main(home: Path, only: Sequence[str]) -> None:
    """Run the nightly flow over every fault in every format, or over the sources named."""
    from flows.scheduling.prefect_environment import prefect_prepared  # noqa: PLC0415 (must come before Prefect is imported)

    with prefect_prepared(home, dict(os.environ)):
        _run(home, only)


def _run(home: Path, only: Sequence[str]) -> None:
    from flows.pipeline.nightly import nightly  # noqa: PLC0415 (Prefect is prepared by now)
    from flows.runtime.installation import Installation  # noqa: PLC0415
    from flows.runtime.run import RunRequest  # noqa: PLC0415
    from flows.runtime.settings import Settings  # noqa: PLC0415
    from scrapers.browser import find_chromium  # noqa: PLC0415

    chromium = find_chromium(os.environ.get("GPULEDGER_CHROMIUM"))
    million = in_reading.million()
    wanted = [
        (fault, format) for fault, format in pairs(browser=bool(chromium)) if fault.source(format) in only
    ]
    if million.source("json_api") in only:
        wanted = [(million, "json_api")]
    with declared(home / "providers", wanted or pairs(browser=bool(chromium))) as providers:
        installation = Installation(home, Settings(providers=providers))
        request = RunRequest(
            installation,
            sources=tuple(installation.registry.sources([PROVIDER])),
            at=(datetime.now(UTC),),
            allow_loopback=True,
            chromium=chromium,
        )
        patient = (million, "json_api") in wanted
        timed = request if patient else replace(request, request_timeout=REQUEST_TIMEOUT)
        # What a fault does is the same with Prefect, whose server would cost half a minute of processor time.
        asyncio.run(nightly(timed, is_orchestrated=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
