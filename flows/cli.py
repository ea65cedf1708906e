"""The `gpuledger` command, put together."""

from __future__ import annotations

import typer

from flows.commands import captures, history, providers, reading, running, verifying
from flows.settings import Settings

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def gpuledger() -> None:
    """The open ledger of GPU prices: fetch, archive, validate, store and report what a GPU-hour costs."""
    if folder := Settings().providers:
        from scrapers import registry  # noqa: PLC0415 - only an installation with providers of its own pays

        registry.add_providers(folder)


for command in (
    running.nightly,
    running.market,
    running.demo,
    running.replay,
    reading.report,
    reading.sql,
    verifying.verify,
):
    app.command()(command)
app.add_typer(providers.app, name="providers")
app.add_typer(captures.app, name="captures")
app.add_typer(history.app, name="history")
