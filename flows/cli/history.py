"""`gpuledger history`: import, list and verify public price histories."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.options import AsJson, Home, err, moment, out, refuse, waiting
from flows.runtime.installation import Installation

if TYPE_CHECKING:
    from flows.history.importer import Imported

app = typer.Typer(no_args_is_help=True, help="Import, list and verify public price histories.")
_FINDINGS = 10


@app.callback()
def history() -> None:
    """Import, list and verify public price histories."""


@app.command()
def load(home: Home) -> None:
    """Load the dated facts that gpuledger ships; loading them twice adds nothing.

    Every nightly run does so too, when the facts have changed.
    """
    from flows.history.facts import FACTS, load_facts
    from flows.runtime.clock import refuse_earlier_clock
    from flows.runtime.lock import run_lock
    from flows.runtime.run import new_run_id
    from warehouse.ledger import Ledger

    now = datetime.now(UTC)
    installation = Installation.of_process(home)
    with run_lock(installation.home, "history load", waiting):
        with Ledger(installation.storage) as ledger:
            refuse_earlier_clock(ledger, now)
            run_id = new_run_id(now)
            rows = load_facts(ledger, installation.home, run_id=run_id, at=now, keys=installation.keys)
        installation.storage.publish()
    out.print(f"{FACTS}: {rows:,} observations added" if rows else f"{FACTS}: already loaded", markup=False)


@app.command("import")
def import_(
    home: Home,
    name: Annotated[
        str, typer.Argument(metavar="NAME|FILE", help="A shipped mapping; or the file, with --mapping.")
    ],
    file: Annotated[Path | None, typer.Argument(help="The file to import, where NAME is a mapping.")] = None,
    mapping: Annotated[Path | None, typer.Option(help="The mapping's own TOML file.")] = None,
    part: Annotated[str, typer.Option(help="Which part of the data set this file is.")] = "",
    at: Annotated[
        datetime | None,
        typer.Option(
            parser=moment, metavar="TIME", help="The time of the file's data, if the file has none; UTC."
        ),
    ] = None,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace snapshots that were imported from another file.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import a public price history by a mapping: CSV, JSON lines, JSON, YAML or Parquet, gzip or not.

    Its rows stand in the ledger with their origin and licence, apart from our own snapshots. An import that
    was broken off goes on where it stopped; importing a file twice adds nothing. `history list` names the
    mappings that are shipped; docs/history.md says how to obtain each data set, and how to write a mapping.
    """
    from flows.history.importer import ImportRequest, import_history
    from flows.runtime.lock import run_lock
    from scrapers.history.mappings import load as load_mapping
    from warehouse.ledger import Ledger

    path = Path(name) if mapping else file
    if path is None or (mapping and file):
        refuse("give a shipped mapping and a file, or a file and --mapping")
    if not path.is_file():
        refuse(f"there is no file {path}")
    chosen = load_mapping(str(mapping) if mapping else name)
    installation = Installation.of_process(home)
    true_at = at.isoformat() if at else ""
    request = ImportRequest(installation.home, path, chosen, part, true_at, replace, keys=installation.keys)
    with run_lock(installation.home, "history import", waiting):
        with Ledger(installation.storage) as ledger, _bars() as progress:
            result = import_history(request, ledger, progress)
        installation.storage.publish()
    out.print_json(json.dumps(_summary(result))) if as_json else _tell(result)


@app.command()
def verify(
    home: Home,
    only: Annotated[list[str] | None, typer.Option("--source", help="Only this source; repeatable.")] = None,
) -> None:
    """Parse every imported file again from the archive and print MATCH or MISMATCH.

    Exit code 0 only if all match, 1 if one does not, 2 if one could not be verified.
    """
    from collections import Counter

    from flows.history.verify import verify_histories

    installation = Installation.of_process(home)
    states: Counter[str] = Counter()
    for verdict in verify_histories(installation, only or ()):
        states[verdict.state] += 1
        why = f" ({verdict.detail})" if verdict.detail else ""
        out.print(f"{verdict.state:<10} {verdict.source}: {verdict.figure}{why}", markup=False)
    if not states:
        refuse("no history is imported that could be verified")
    raise typer.Exit(2 if states["UNVERIFIED"] else int(states["MISMATCH"] > 0))


@app.command("list")
def list_() -> None:
    """List the shipped mappings with the licence and the address of each data set."""
    from scrapers.history.mappings import load as load_mapping
    from scrapers.history.mappings import shipped

    for name in shipped():
        mapping = load_mapping(name)
        parts = f"; parts: {', '.join(mapping.parts)}" if mapping.parts else ""
        out.print(
            f"{name}: {mapping.origin.title} ({mapping.origin.licence}){parts}\n  {mapping.origin.url}",
            markup=False,
        )


def _bars() -> Any:
    """Progress bars on standard error, for as long as the import goes on."""
    from contextlib import contextmanager

    from rich.progress import Progress as Bars

    from flows.history.importer import Progress

    class Shown(Progress):
        def __init__(self, bars: Bars) -> None:
            self._bars = bars
            self._tasks: dict[str, Any] = {}

        def reading(self, done: int, total: int) -> None:
            self._move("reading", done, total)

        def storing(self, done: int, total: int) -> None:
            self._move("storing", done, total)

        def _move(self, words: str, done: int, total: int) -> None:
            if words not in self._tasks:
                self._tasks[words] = self._bars.add_task(words, total=total)
            self._bars.update(self._tasks[words], completed=done)

    @contextmanager
    def shown() -> Any:
        with Bars(console=err, transient=True) as bars:
            yield Shown(bars)

    return shown()


def _summary(result: Imported) -> dict[str, Any]:
    read = result.read
    return {
        "source": result.source,
        "records": read.records,
        "outside": dict(read.outside),
        "readings": read.readings,
        "missing": read.missing,
        "carried_forward": read.carried,
        "snapshots": result.snapshots,
        "snapshots_added": result.added,
        "snapshots_of_another_file": result.elsewhere,
        "rows_added": result.accepted,
        "rows_quarantined": result.refused,
        "doubles": dict(result.duplicates),
        "findings": {f"{kind}: {subject}": times for (kind, subject), times in read.findings.items()},
    }


def _tell(result: Imported) -> None:
    read = result.read
    for why, times in read.outside.items():
        out.print(f"  left out, {why}: {times:,} of {read.records:,} records", markup=False)
    found = read.findings.most_common()
    for (kind, subject), times in found[:_FINDINGS]:
        out.print(f"  {kind.replace('_', ' ')}: {subject} ({times:,})", markup=False)
    if len(found) > _FINDINGS:
        out.print(f"  and {len(found) - _FINDINGS:,} more, in the table findings", markup=False)
    if result.elsewhere:
        out.print(
            f"  {result.elsewhere:,} snapshots stand from another file: --replace takes them from this one, "
            "--part NAME keeps both",
            markup=False,
        )
    if not result.added:
        out.print(f"{result.source}: nothing to add", markup=False)
        return
    out.print(
        f"{result.source}: {result.accepted:,} rows of {result.added:,} snapshots added, "
        f"{result.refused:,} quarantined, {read.missing:,} blank",
        markup=False,
    )
