"""`gpuledger providers`: list, check and add providers."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import (
    AsJson,
    At,
    Home,
    Partial,
    Recorded,
    chosen_sources,
    out,
    refuse,
)
from flows.runtime.installation import Installation

app = typer.Typer(help="List the providers, check one, or add a new one.")


@app.callback(invoke_without_command=True)
def providers(context: typer.Context, home: Home, as_json: AsJson = False) -> None:
    """List every provider with its status, sources, last good night and rows."""
    from flows.operations.provider_table import provider_rows, provider_table

    if context.invoked_subcommand:
        context.obj = home
        return
    rows = provider_rows(Installation.of_process(home))
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=2, default=str) + "\n")
    else:
        out.print(provider_table(rows))


@app.command()
def check(
    context: typer.Context,
    home: Home,
    name: Annotated[str, typer.Argument(help="A source or a provider, such as aws.spot or aws.")],
    recorded: Recorded = None,
    at: At = None,
    partial: Partial = False,
    as_json: AsJson = False,
) -> None:
    """Fetch and parse a source once and show the rows; nothing is stored.

    Exit code 0 when every source was read, 1 when one failed.
    """
    from flows.pipeline.dry_run import DryRun, print_record
    from flows.pipeline.dry_run import as_json as record_as_json
    from flows.runtime.settings_check import chromium
    from scrapers.crawl.client import FetchPlan

    # Before the word `check` or behind it: the folder that is named holds for the command.
    installation = Installation.of_process(home or context.obj)
    settings = installation.settings
    sources = chosen_sources(installation, [name])
    plan = FetchPlan(
        home=Path(),
        run_id="",
        jobs=(),
        recorded=recorded,
        partial=partial,
        allow_loopback=settings.allow_loopback,
        chromium=chromium(settings),
        providers=settings.providers,
    )
    nightly_hour = settings.schedule.nightly_hour
    tried = DryRun(at or datetime.now(UTC), plan, installation.keys, nightly_hour)
    records = [tried.record(source) for source in sources]
    if as_json:
        sys.stdout.write(json.dumps([record_as_json(record) for record in records], default=str) + "\n")
    else:
        for record in records:
            print_record(record, out)
    raise typer.Exit(0 if all(record.scrape["status"] in {"ok", "partial"} for record in records) else 1)


@app.command()
def new(
    context: typer.Context,
    home: Home,
    provider_id: Annotated[
        str, typer.Argument(metavar="ID", help="The new provider's id, such as acme_gpus.")
    ],
    source_format: Annotated[
        str, typer.Option("--format", help="How its prices are published; price_table needs no code.")
    ] = "price_table",
    into: Annotated[
        Path | None,
        typer.Option(
            file_okay=False,
            help="A folder of providers; by default that of a clone, else `providers` of config.toml.",
        ),
    ] = None,
) -> None:
    """Write the skeleton of a new provider: declaration, page, lookup, simulation and test.

    The provider is off until its declaration is finished. Exit code 2 for an id that is bad or taken.
    """
    from scrapers.formats import FORMATS
    from scrapers.skeleton import SkeletonPlace, clone, write_skeleton

    installation = Installation.of_process(context.obj or home)
    known = {name: name for name in FORMATS}
    if source_format not in known:
        refuse(f"there is no format {source_format!r}: choose one of {', '.join(sorted(known))}")
    own = into or (None if clone() else installation.settings.providers)
    place = SkeletonPlace(own) if own else clone()
    if place is None:
        refuse("no folder of providers is named: set `providers` in config.toml, or give --into FOLDER")
    written = write_skeleton(provider_id, known[source_format], place, installation.registry.providers)
    for path in written:
        out.print(str(path), markup=False)
