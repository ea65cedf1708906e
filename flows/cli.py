"""The `gpuledger` command.

Heavy imports stand inside the commands, so that --help answers at once.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from flows.settings import Settings, default_home, prepare_prefect

if TYPE_CHECKING:
    from flows.console import ProgressWatch
    from flows.runs import RunRequest, RunSummary, Watch
    from scrapers.registry import Source

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The open ledger of GPU prices: fetch, archive, validate, store and report what a GPU-hour costs.",
)
captures_app = typer.Typer(no_args_is_help=True, help="Archived responses.")
app.add_typer(captures_app, name="captures")
providers_app = typer.Typer(
    help="The providers: what is declared, what is held, and what a check would write."
)
app.add_typer(providers_app, name="providers")

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


class Format(StrEnum):
    """How `sql` prints its answer."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def _moment(text: str) -> datetime:
    """Read "2026-11-20", "2026-11-20T03:17Z" or the like; UTC where no zone is given."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _json_text(text: str) -> str:
    """Let pass what is JSON; ValueError, which Typer shows as a usage error, for anything else."""
    json.loads(text)
    return text


Home = Annotated[
    Path,
    typer.Option(
        help="The data folder.",
        default_factory=default_home,
        show_default="$GPULEDGER_HOME, else ./data",
        resolve_path=True,
    ),
]
At = Annotated[
    datetime | None,
    typer.Option(parser=_moment, metavar="TIME", help="The moment whose slot is due, UTC; default now."),
]
Only = Annotated[
    list[str] | None,
    typer.Option("--source", help="Only this source or provider; repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Recorded = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="Read WARC files of this folder, not the network."),
]
Partial = Annotated[
    bool, typer.Option(help="The captures are excerpts: lift the count assertions, mark the scrapes partial.")
]


@app.command()
def nightly(
    home: Home,
    recorded: Recorded = None,
    at: At = None,
    only: Only = None,
    partial: Partial = False,
    as_json: AsJson = False,
) -> None:
    """Fetch every source once, store the snapshot and render the site.

    Exit code 0 when every due source was stored, 1 when one failed, 2 when the run could not start.
    """
    _run("nightly", home, recorded, at, only, partial, as_json)


@app.command()
def market(
    home: Home,
    recorded: Recorded = None,
    at: At = None,
    only: Only = None,
    partial: Partial = False,
    as_json: AsJson = False,
) -> None:
    """The hourly run: as `nightly`, for the sources that are read every hour."""
    _run("market", home, recorded, at, only, partial, as_json)


@app.command()
def demo(
    home: Annotated[Path, typer.Option(help="The demo's own data folder.", resolve_path=True)] = Path(
        "data/demo"
    ),
) -> None:
    """Run the nightly flow over sixty simulated nights and render the site.

    Nothing is fetched from the network; the prices are simulated and every page says so.
    """
    prepare_prefect(home)
    from flows import demo as sixty_nights
    from flows.console import print_summary

    with _progress() as watch:
        web = sixty_nights.recorded_web(home, watch.night)
        request = sixty_nights.request(home, web, _chromium())
        summary = _perform(request, watch)
    print_summary(summary, out)
    out.print("\nThree queries to try:")
    for query in sixty_nights.QUERIES:
        out.print(f'  gpuledger sql --home {home} "{query}"', markup=False)


@app.command()
def replay(
    home: Home,
    since: Annotated[
        datetime, typer.Option(parser=_moment, metavar="DATE", help="The first slot to replay.")
    ],
    only: Only = None,
    as_json: AsJson = False,
) -> None:
    """Parse archived captures again and append what comes out different, as corrections."""
    prepare_prefect(home)
    from flows.replay import replay as replay_flow
    from flows.runs import RunRequest

    request = RunRequest(home, _sources(only), (since,), flow="replay", origin="recorded")
    with _progress() as watch, _refusals():
        summary = replay_flow(request, watch)
    _finish(summary, as_json)


@app.command()
def report(home: Home, as_of: At = None) -> None:
    """Render the site from the published warehouse."""
    from reports import site
    from warehouse.ledger import WAREHOUSE_FILE

    warehouse = home / WAREHOUSE_FILE
    if not warehouse.exists():
        _refuse(f"there is no {warehouse}; run `gpuledger nightly` or `gpuledger demo` first")
    pages = site.build(warehouse, home / "site", as_of=as_of or datetime.now(UTC))
    out.print(f"{len(pages)} pages in {home / 'site'}", markup=False)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="One SELECT over the warehouse's tables and views.")],
    home: Home,
    form: Annotated[Format, typer.Option("--format", "-f", help="How to print the answer.")] = Format.TABLE,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead.")] = None,
) -> None:
    """Ask the published warehouse a question. It cannot write, attach, or read other files."""
    from flows.asking import ask

    with _refusals():
        ask(home, query, form.value, output)


@providers_app.callback(invoke_without_command=True)
def providers(context: typer.Context, home: Home, as_json: AsJson = False) -> None:
    """List every provider with its status, sources, last good night and rows."""
    from flows.listing import provider_rows, provider_table

    if context.invoked_subcommand:
        return
    rows = provider_rows(home)
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=2, default=str) + "\n")
    else:
        out.print(provider_table(rows))


@providers_app.command("check")
def providers_check(
    name: Annotated[str, typer.Argument(help="A source or a provider, such as aws.spot or aws.")],
    recorded: Recorded = None,
    at: At = None,
    partial: Partial = False,
    as_json: AsJson = False,
) -> None:
    """Fetch and read a source once and show what it would write; nothing is stored.

    Exit code 0 when every source was read, 1 when one failed.
    """
    from flows.checking import Check, print_record
    from flows.checking import as_json as record_as_json
    from scrapers.fetching import FetchPlan

    plan = FetchPlan(
        home=Path(),
        run_id="",
        jobs=(),
        recorded=recorded,
        partial=partial,
        allow_loopback=Settings().allow_loopback,
        chromium=_chromium(),
    )
    check = Check(at or datetime.now(UTC), plan)
    with _refusals():
        records = [check.record(source) for source in _sources([name])]
    if as_json:
        sys.stdout.write(json.dumps([record_as_json(record) for record in records], default=str) + "\n")
    else:
        for record in records:
            print_record(record, out)
    raise typer.Exit(0 if all(record.scrape["status"] in {"ok", "partial"} for record in records) else 1)


@captures_app.command("add")
def captures_add(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The body, saved by hand.")],
    source: Annotated[str, typer.Option(help="The source that it answers, such as aws.spot.")],
    url: Annotated[str, typer.Option(help="The address that answered.")],
    at: Annotated[datetime, typer.Option(parser=_moment, metavar="TIME", help="When it answered, UTC.")],
    home: Home,
    archive: Annotated[
        Path | None, typer.Option(help="The archive folder; captures/ in the data folder when left out.")
    ] = None,
    media_type: Annotated[str | None, typer.Option(help="Its Content-Type; guessed when left out.")] = None,
    asked: Annotated[
        str | None,
        typer.Option(parser=_json_text, metavar="JSON", help="The JSON body that was posted, if one was."),
    ] = None,
) -> None:
    """Put a response saved by hand into an archive, to be replayed with `nightly --recorded`."""
    from scrapers import registry
    from scrapers.recorded import add_capture

    with _refusals():
        path = add_capture(
            archive or home / "captures",
            registry.source(source),
            url=url,
            at=at,
            body=file.read_bytes(),
            media_type=media_type,
            asked=json.loads(asked) if asked else None,
        )
    out.print(str(path), markup=False)


def _run(
    flow: str,
    home: Path,
    recorded: Path | None,
    at: datetime | None,
    only: list[str] | None,
    partial: bool,
    as_json: bool,
) -> None:
    prepare_prefect(home)
    from flows.runs import RunRequest

    chosen = _sources(only)
    if not recorded and not only:
        chosen = tuple(source for source in chosen if not source.missing_credential)
    request = RunRequest(
        home=home,
        sources=tuple(s for s in chosen if s.declared.cadence == "hourly") if flow == "market" else chosen,
        at=(at or datetime.now(UTC),),
        flow="market" if flow == "market" else "nightly",
        origin="recorded" if recorded else "live",
        recorded=recorded,
        partial=partial,
        allow_loopback=Settings().allow_loopback,
        chromium=_chromium(),
    )
    with _progress() as watch:
        summary = _perform(request, watch)
    _finish(summary, as_json)


def _perform(request: RunRequest, watch: Watch) -> RunSummary:
    from flows.nightly import nightly as nightly_flow

    with _refusals():
        return asyncio.run(nightly_flow(request, watch))


def _sources(only: list[str] | None) -> tuple[Source, ...]:
    from scrapers import registry

    with _refusals():
        return tuple(registry.sources(only or ()))


def _chromium() -> str | None:
    from scrapers.browser import find_chromium

    return Settings().chromium or find_chromium()


@contextmanager
def _progress() -> Iterator[ProgressWatch]:
    from flows.console import progress

    with progress(err) as watch:
        yield watch


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn the errors that a user can mend into one line and exit code 2."""
    from flows.asking import QuestionRefused
    from flows.runs import OriginsMixed
    from scrapers.fetching import FetchRefused
    from scrapers.registry import DeclarationError
    from warehouse.ledger import LedgerBusy, LedgerDamaged

    refusals = (
        QuestionRefused,
        DeclarationError,
        FetchRefused,
        OriginsMixed,
        LedgerBusy,
        LedgerDamaged,
    )
    try:
        yield
    except refusals as problem:
        _refuse(str(problem))


def _refuse(message: str) -> NoReturn:
    err.print(f"gpuledger: {message}", markup=False)
    raise typer.Exit(2)


def _finish(summary: RunSummary, as_json: bool) -> None:
    from flows.console import print_json, print_summary

    if as_json:
        print_json(summary)
    else:
        print_summary(summary, out)
    raise typer.Exit(0 if summary.succeeded else 1)
