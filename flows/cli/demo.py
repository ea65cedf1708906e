"""`gpuledger demo`: the nightly flow over a recorded web."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.flow_run import ended_early, perform, progress, warn
from flows.cli.options import out
from flows.runtime.installation import Installation
from flows.scheduling.prefect_api import prefect_api


def demo(
    home: Annotated[Path, typer.Option(help="The demo's own data folder.", resolve_path=True)] = Path(
        "data/demo"
    ),
) -> None:
    """Run the nightly flow over 60 simulated nights and render the site.

    Nothing is fetched from the network; the prices are simulated and every page says so.
    """
    installation = Installation.of_process(home)
    with prefect_api(installation, warn) as is_orchestrated:
        from flows.cli.progress import print_summary
        from flows.pipeline import demo as sixty_nights
        from flows.pipeline.nightly import nightly as run
        from flows.runtime.settings_check import chromium

        with ended_early(), progress() as watch:
            web = sixty_nights.recorded_web(home, watch.night)
            request = sixty_nights.request(installation, web, chromium(installation.settings))
            summary = perform(run, request, watch, is_orchestrated)
    print_summary(summary, out)
    out.print("\nThree queries to try:")
    for query in sixty_nights.QUERIES:
        out.print(f'  gpuledger sql --home {home} "{query}"', markup=False)
