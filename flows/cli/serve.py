"""`gpuledger serve`: scheduled runs in one long-running process."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from flows.cli.options import Home, out
from flows.runtime.installation import Installation
from flows.runtime.settings import FLOWS


def serve(
    home: Home,
    site: Annotated[bool, typer.Option("--site", help="Also serve the site, on this machine only.")] = False,
    site_port: Annotated[int, typer.Option(help="Port of the site.")] = 8080,
    prefect_port: Annotated[
        int, typer.Option(help="Port of the Prefect server and its dashboard, unless PREFECT_API_URL is set.")
    ] = 4200,
) -> None:
    """Run `nightly`, `market` and `compact` on their schedules until Ctrl-C or SIGTERM.

    The schedules are those of config.toml, by default 03:17 UTC and every hour at five past.
    """
    from flows.scheduling import servers
    from flows.scheduling.prefect_secret import secret_file
    from flows.scheduling.site_server import site_server

    installation = Installation.of_process(home)
    with ExitStack() as served:
        shown = ""
        if site:
            shown = served.enter_context(site_server(installation.home / "site", site_port))
            out.print(f"site       {shown}", markup=False)
        server = served.enter_context(servers.prefect_server(installation, prefect_port))
        if server is None:
            address = installation.environment["PREFECT_API_URL"].strip()
            out.print(f"runs       {address.removesuffix('/api')}", markup=False)
        else:
            out.print(f"runs       {server.address.removesuffix('/api')}", markup=False)
            out.print(f"           sign in with the text in {secret_file(installation.home)}", markup=False)
        for flow in FLOWS:
            out.print(f"{flow:<11}{installation.settings.schedule.of(flow) or 'never'} (UTC)", markup=False)
        from flows.scheduling.serve import serve as keep_serving

        keep_serving(installation, server, lambda line: out.print(line, markup=False), shown)
