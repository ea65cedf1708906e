"""`gpuledger replay`: archived captures parsed again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from flows.cli.flow_run import finish, perform, progress, warn
from flows.cli.options import AsJson, Home, Only, chosen_sources, moment
from flows.runtime.installation import installation_of_run
from flows.scheduling.prefect_api import prefect_api


def replay(
    home: Home,
    since: Annotated[datetime, typer.Option(parser=moment, metavar="DATE", help="The first slot to replay.")],
    only: Only = None,
    as_json: AsJson = False,
) -> None:
    """Parse archived captures again and append the differences as corrections."""
    with (
        installation_of_run("replay", home) as installation,
        prefect_api(installation, warn) as is_orchestrated,
    ):
        from flows.pipeline.replay import replay as run
        from flows.runtime.run import RunRequest

        sources = chosen_sources(installation, only)
        request = RunRequest(installation, sources, (since,), flow="replay", origin="recorded")
        with progress() as watch:
            summary = perform(run, request, watch, is_orchestrated)
    finish(summary, as_json)
