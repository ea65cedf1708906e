"""The `gpuledger` command, put together."""

from __future__ import annotations

import typer

from flows.commands import (
    alerts,
    captures,
    doctor,
    history,
    ledger,
    providers,
    reading,
    running,
    serving,
    verifying,
)
from flows.commands.refusing import Refusing
from flows.settings import add_own_providers, read_settings

app = typer.Typer(cls=Refusing, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def gpuledger() -> None:
    """The open ledger of GPU prices: fetch, archive, validate, store and report what a GPU-hour costs."""
    add_own_providers(read_settings())


for command in (
    running.nightly,
    running.market,
    running.demo,
    running.replay,
    serving.serve,
    reading.report,
    reading.export,
    reading.sql,
    ledger.publish,
    verifying.verify,
    doctor.doctor,
):
    app.command()(command)
app.add_typer(providers.app, name="providers")
app.add_typer(alerts.app, name="alerts")
app.add_typer(captures.app, name="captures")
app.add_typer(history.app, name="history")
app.add_typer(ledger.app, name="ledger")

if __name__ == "__main__":
    app()
