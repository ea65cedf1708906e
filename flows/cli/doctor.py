"""`gpuledger doctor`: health checks of an installation."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack, suppress
from dataclasses import asdict
from datetime import UTC, datetime

import typer
from rich.text import Text

from flows.cli.options import AsJson, Home, out
from flows.runtime.installation import Installation
from flows.scheduling.prefect_environment import prefect_prepared

_STYLES = {"ok": "green", "warning": "yellow", "problem": "red"}


def doctor(home: Home, as_json: AsJson = False) -> None:
    """Check everything that the next run needs and what earlier runs left, and say what to do.

    Checks Python, browser, folder, disk, clock, schedules, Prefect, credentials (their names only), the rows
    and keys of the ledger against its scrapes, and the archive. Exit code 1 when something is a problem.
    """
    installation = Installation.of_process(home)
    with ExitStack() as prepared:
        # That the folder cannot be written is what the doctor is asked to say.
        with suppress(OSError):
            prepared.enter_context(prefect_prepared(installation.home, installation.environment))
        from flows.operations.doctor import examine

        checks = examine(installation, datetime.now(UTC))
    if as_json:
        sys.stdout.write(json.dumps([asdict(check) for check in checks], indent=2) + "\n")
    else:
        for check in checks:
            state = Text(f"{check.state:<8}", style=_STYLES[check.state])
            out.print(Text.assemble(state, f"{check.name:<11}", check.found))
            if check.advice:
                out.print(Text(f"{'':<19}{check.advice}"))
    raise typer.Exit(1 if any(check.state == "problem" for check in checks) else 0)
