"""`gpuledger market`: one run of the sources that are read every hour."""

from __future__ import annotations

from flows.cli.flow_run import finish, start
from flows.cli.options import AsJson, At, Home, Only, Partial, Recorded


def market(
    home: Home,
    recorded: Recorded = None,
    at: At = None,
    only: Only = None,
    partial: Partial = False,
    as_json: AsJson = False,
) -> None:
    """As `nightly`, for the hourly sources only."""
    finish(start("market", home, at=at, only=only or (), recorded=recorded, partial=partial), as_json)
