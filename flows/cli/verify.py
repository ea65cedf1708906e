"""`gpuledger verify`: whether what is published follows from the archived bytes."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from flows.cli.options import Home, moment, out, refuse
from flows.runtime.installation import Installation

_MISMATCHED, _UNVERIFIED = 1, 2


def verify(
    home: Home,
    slot: Annotated[
        list[datetime] | None,
        typer.Option(parser=moment, metavar="TIME", help="A slot, repeatable; default the newest."),
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Verify this many slots, chosen at random.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option("--source", help="Only this source; repeatable.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print mismatches only.")] = False,
) -> None:
    """Derive published rows and figures again from the archive and print MATCH or MISMATCH.

    Void runs are named with their reason, and nothing of them is verified.
    Exit code 0 only if all match, 1 if one does not, 2 if one could not be verified.
    """
    from flows.operations.verify import published_slots, verify, void_runs_of
    from scrapers.slots import slot_name

    installation = Installation.of_process(home)
    known = published_slots(installation)
    if unknown := set(slot or ()) - set(known):
        refuse(f"nothing is published of {', '.join(slot_name(time) for time in sorted(unknown))}")
    chosen = sorted(slot or known[-1:])
    if sample:
        chosen = sorted(random.sample(known, min(sample, len(known))))
    for run in void_runs_of(installation):
        out.print(Text(f"VOID       run {run['run_id']}, {run['scrapes']:,} scrapes: {run['reason']}"))
    states: Counter[str] = Counter()
    for verdict in verify(installation, chosen, only or ()):
        states[verdict.state] += 1
        if verdict.state != "MATCH" or not quiet:
            where = f"{verdict.state:<10} {slot_name(verdict.slot)} {verdict.source}"
            why = f" ({verdict.detail})" if verdict.detail else ""
            out.print(Text(f"{where}: {verdict.figure}{why}"))
    counts = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
    out.print(f"{len(chosen)} slots: {counts or 'nothing to verify'}")
    if states["UNVERIFIED"] or not states:
        raise typer.Exit(_UNVERIFIED)
    raise typer.Exit(_MISMATCHED if states["MISMATCH"] else 0)
