"""Methods: every published statistic with its formula, in words and in MathML."""

from __future__ import annotations

import duckdb

from reports.pages import Page
from reports.statistics.geks import WINDOW
from reports.statistics.hedonic import HOSTS, OFFERS
from reports.statistics.index import MATCHES, SHARE, VENUES


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The methods page; the limits on it are those that the code applies."""
    del connection
    limits = {"matches": MATCHES, "share": SHARE, "venues": VENUES, "window": WINDOW}
    return Page("methods", "Methods", {**limits, "offers": OFFERS, "hosts": HOSTS})
