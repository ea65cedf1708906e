"""`gpuledger nightly`: one run of every source."""

from __future__ import annotations

from flows.cli.flow_run import finish, start
from flows.cli.options import AsJson, At, Home, Only, Partial, Recorded


def nightly(
    home: Home,
    recorded: Recorded = None,
    at: At = None,
    only: Only = None,
    partial: Partial = False,
    as_json: AsJson = False,
) -> None:
    """Fetch every source once, store its snapshot and render the site.

    Exit code 0 when every due source was stored, 1 when one failed, 2 when the run could not start.
    """
    finish(start("nightly", home, at=at, only=only or (), recorded=recorded, partial=partial), as_json)
