"""`gpuledger replay`: archived captures parsed again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from flows.cli.flow_run import finish, perform, progress, warn
from flows.cli.options import AsJson, Home, Only, chosen_sources, moment
from flows.runtime.settings import Settings
from flows.scheduling.prefect_api import prefect_api


def replay(
    home: Home,
    since: Annotated[datetime, typer.Option(parser=moment, metavar="DATE", help="The first slot to replay.")],
    only: Only = None,
    as_json: AsJson = False,
) -> None:
    """Parse archived captures again and append what comes out different, as corrections."""
    from flows.alerts.run_failures import notifying_failures

    settings = Settings()
    with notifying_failures(home, "replay", settings), prefect_api(home, warn) as is_orchestrated:
        from flows.pipeline.replay import replay as run
        from flows.runtime.installation import configured_storage
        from flows.runtime.run import RunRequest

        sources = chosen_sources(settings, only)
        storage = configured_storage(home, settings)
        request = RunRequest(home, sources, (since,), flow="replay", origin="recorded", tables_in=storage)
        with progress() as watch:
            summary = perform(run, request, watch, is_orchestrated)
    finish(summary, as_json)
