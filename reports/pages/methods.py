"""Methods: every published statistic with its formula, in words and in MathML."""

from __future__ import annotations

import duckdb

from reports.pages import Page


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The methods page; the limits on it are those that the code applies, as on every page."""
    del connection
    return Page("methods", "Methods", {})
