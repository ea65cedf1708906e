"""The `gpuledger` command with all its subcommands."""

from __future__ import annotations

import typer

from flows.cli import (
    alerts,
    captures,
    demo,
    doctor,
    export,
    history,
    ledger,
    market,
    nightly,
    providers,
    publish,
    replay,
    report,
    serve,
    sql,
    verify,
)
from flows.cli.errors import CommandGroup

app = typer.Typer(cls=CommandGroup, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def gpuledger() -> None:
    """The open ledger of GPU prices: fetch, archive, validate, store and report what a GPU-hour costs."""


for command in (
    nightly.nightly,
    market.market,
    demo.demo,
    replay.replay,
    serve.serve,
    report.report,
    export.export,
    sql.sql,
    publish.publish,
    verify.verify,
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
