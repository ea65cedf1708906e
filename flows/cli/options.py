"""Options and parsers that several commands share."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from flows.cli.terminal import Terminal
from flows.runtime.installation import Installation

if TYPE_CHECKING:
    from scrapers.registry import Source

out = Terminal(highlight=False, soft_wrap=True)
err = Terminal(stderr=True, highlight=False, soft_wrap=True)


def moment(text: str) -> datetime:
    """Read "2026-11-20", "2026-11-20T03:17Z" or the like; UTC where no zone is given."""
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def json_text(text: str) -> str:
    """Let pass what is JSON; ValueError, which Typer shows as a usage error, for anything else."""
    json.loads(text)
    return text


def _unnamed() -> None:
    """No data folder is named: Installation.of_process knows the one that holds then."""


Home = Annotated[
    Path | None,
    typer.Option(
        help="The data folder, with its config.toml; default GPULEDGER_HOME, else ./data.",
        default_factory=_unnamed,
        show_default="$GPULEDGER_HOME, else ./data",
        resolve_path=True,
    ),
]
"""A command builds its installation of it once, by Installation.of_process or installation_of_run."""
At = Annotated[
    datetime | None,
    typer.Option(parser=moment, metavar="TIME", help="The time whose slot is due, UTC; default now."),
]
Only = Annotated[
    list[str] | None,
    typer.Option("--source", help="Only this source or provider; repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Recorded = Annotated[
    Path | None,
    typer.Option(
        exists=True, file_okay=False, help="Parse the WARC files of this folder instead of fetching."
    ),
]
Partial = Annotated[
    bool,
    typer.Option(help="The captures are excerpts: skip the row-count checks and mark the scrapes partial."),
]


def chosen_sources(installation: Installation, only: list[str] | None) -> tuple[Source, ...]:
    """The sources that the installation reads, or those that were named."""
    return tuple(installation.registry.sources(only or (), enable=installation.settings.enable))


def waiting(sentence: str) -> None:
    """Say why a command waits for its turn."""
    err.print(sentence, markup=False)


def refuse(message: str, code: int = 2) -> NoReturn:
    """End with a sentence on standard error and an exit code, by default 2."""
    err.print(f"gpuledger: {message}", markup=False)
    raise typer.Exit(code)
