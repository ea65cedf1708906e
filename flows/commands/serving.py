"""The command that keeps running: serve."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from flows.commands.options import Home, out
from flows.settings import Settings, prepare_prefect


def serve(
    home: Home,
    site: Annotated[bool, typer.Option("--site", help="Also show the site, on this machine only.")] = False,
    site_port: Annotated[int, typer.Option(help="Port of the site.")] = 8080,
    prefect_port: Annotated[
        int, typer.Option(help="Port of the Prefect server and its dashboard, unless PREFECT_API_URL is set.")
    ] = 4200,
) -> None:
    """Run `nightly` and `market` on their schedules, until it is told to end (Ctrl-C or SIGTERM).

    The schedules are those of config.toml, by default 03:17 UTC and every hour at five past.
    """
    prepare_prefect(home)
    from flows import serving
    from flows.site_server import site_server

    schedule = Settings().schedule
    with ExitStack() as served:
        address = served.enter_context(serving.prefect_server(home, prefect_port))
        out.print(f"runs       {address.removesuffix('/api')}", markup=False)
        if site:
            shown = served.enter_context(site_server(home / "site", site_port))
            out.print(f"site       {shown}", markup=False)
        for flow in serving.FLOWS:
            out.print(f"{flow:<11}{schedule.of(flow) or 'never'} (UTC)", markup=False)
        serving.serve(home, schedule)
