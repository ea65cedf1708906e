"""`gpuledger report`: the site, rendered from the published warehouse."""

from __future__ import annotations

from datetime import UTC, datetime

from flows.cli.options import At, Home, out
from flows.runtime.installation import Installation


def report(home: Home, as_of: At = None) -> None:
    """Render the site from the published warehouse."""
    from flows.operations.site import render

    installation = Installation.of_process(home)
    pages = render(installation.home, installation.published(), as_of or datetime.now(UTC))
    out.print(f"{len(pages)} pages in {installation.home / 'site'}", markup=False)
