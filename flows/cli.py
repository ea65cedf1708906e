"""The `gpuledger` command, put together."""

from __future__ import annotations

import typer

from flows.commands import captures, history, providers, reading, running, serving, verifying
from flows.settings import Settings, add_own_providers

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def gpuledger() -> None:
    """The open ledger of GPU prices: fetch, archive, validate, store and report what a GPU-hour costs."""
    add_own_providers(Settings())


for command in (
    running.nightly,
    running.market,
    running.demo,
    running.replay,
    serving.serve,
    reading.report,
    reading.sql,
    verifying.verify,
):
    app.command()(command)
app.add_typer(providers.app, name="providers")
app.add_typer(captures.app, name="captures")
app.add_typer(history.app, name="history")
