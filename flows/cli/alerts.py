"""`gpuledger alerts`: show what the alert rules find, and send a test notification."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from flows.cli.options import Home, out, refuse
from flows.runtime.installation import Installation

app = typer.Typer(no_args_is_help=True, help="Alerts on prices, free tiers, failed sources and failed runs.")


@app.callback()
def alerts() -> None:
    """Alerts on prices, free tiers, failed sources and failed runs."""


@app.command()
def test(home: Home) -> None:
    """Send a test message to every address of GPULEDGER_ALERT_URLS, with the rules of config.toml.

    Exit code 1 when it did not reach all of them.
    """
    from flows.alerts.notify import deliver

    installation = Installation.of_process(home)
    routing = installation.alert_route
    rules = routing.rules
    named = "\n".join(f"- {rule}" for rule in rules) or "- none: config.toml has no [[alerts]]"
    text = f"This is a test. Rules of {installation.home.name}/config.toml:\n{named}"
    if problem := deliver("gpuledger: test", text, routing.addresses):
        refuse(problem, code=1)
    out.print(f"sent to {len(routing.addresses)}, with {len(rules)} rules", markup=False)


@app.command()
def check(home: Home) -> None:
    """Show what each rule finds in the published warehouse; nothing is sent or stored."""
    from flows.alerts.notify import evaluate
    from warehouse.session import read_warehouse

    installation = Installation.of_process(home)
    with read_warehouse(installation.published()) as connection:
        for rule in installation.settings.alerts:
            if rule.on == "run_failed":
                out.print(f"{rule}: told when it happens", markup=False)
                continue
            found = evaluate(
                rule,
                lambda text, asked: connection.execute(text, asked).pl(),
                datetime.now(UTC),
                installation.registry.hourly,
            )
            out.print(f"{rule}: {len(found) or 'nothing'}", markup=False)
            for alert in found:
                out.print(f"  {alert.message}", markup=False)
