"""`gpuledger captures`: archived responses."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Home, json_text, moment, out
from flows.runtime.installation import Installation

app = typer.Typer(no_args_is_help=True, help="Archived responses, and responses that you saved by hand.")


@app.callback()
def captures() -> None:
    """Archived responses."""


@app.command()
def add(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The saved body.")],
    source: Annotated[str, typer.Option(help="The source, such as aws.spot.")],
    url: Annotated[str, typer.Option(help="The URL of the response.")],
    at: Annotated[datetime, typer.Option(parser=moment, metavar="TIME", help="When it was fetched, UTC.")],
    home: Home,
    archive: Annotated[
        Path | None, typer.Option(help="The archive folder; default captures/ in the data folder.")
    ] = None,
    media_type: Annotated[str | None, typer.Option(help="Its Content-Type; guessed by default.")] = None,
    asked: Annotated[
        str | None,
        typer.Option(parser=json_text, metavar="JSON", help="The JSON body of the request, if it had one."),
    ] = None,
) -> None:
    """Archive a response that you saved by hand, for `nightly --recorded`."""
    from scrapers.archive.recorded import add_capture

    installation = Installation.of_process(home)
    path = add_capture(
        archive or installation.home / "captures",
        installation.registry.source(source),
        url=url,
        at=at,
        body=file.read_bytes(),
        media_type=media_type,
        asked=json.loads(asked) if asked else None,
        keys=installation.keys,
        nightly_hour=installation.settings.schedule.nightly_hour,
    )
    out.print(str(path), markup=False)
