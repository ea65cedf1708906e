"""`gpuledger captures`: archived responses."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Home, json_text, moment, out
from flows.runtime.installation import Installation

app = typer.Typer(no_args_is_help=True, help="Archived responses.")


@app.callback()
def captures() -> None:
    """Archived responses."""


@app.command()
def add(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The body, saved by hand.")],
    source: Annotated[str, typer.Option(help="The source that it answers, such as aws.spot.")],
    url: Annotated[str, typer.Option(help="The address that answered.")],
    at: Annotated[datetime, typer.Option(parser=moment, metavar="TIME", help="When it answered, UTC.")],
    home: Home,
    archive: Annotated[
        Path | None, typer.Option(help="The archive folder; captures/ in the data folder when left out.")
    ] = None,
    media_type: Annotated[str | None, typer.Option(help="Its Content-Type; guessed when left out.")] = None,
    asked: Annotated[
        str | None,
        typer.Option(parser=json_text, metavar="JSON", help="The JSON body that was posted, if one was."),
    ] = None,
) -> None:
    """Put a response saved by hand into an archive, to be replayed with `nightly --recorded`."""
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
