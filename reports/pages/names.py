"""Display names for ids of the warehouse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import duckdb

from reports.queries import run_query
from reports.tables import gpu_name, gpu_page, provider_page
from warehouse.gpu_catalog import models
from warehouse.limits import STATISTICS

Rows = Iterable[Mapping[str, Any]]


class Names:
    """The titles of the providers, as they were declared last.

    An id that nobody declared stands for itself.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._titles = dict(run_query(connection, "titles").iter_rows())

    def of(self, provider: str) -> str:
        """The provider's title."""
        return str(self._titles.get(provider, provider))

    def rows(self, rows: Rows) -> Iterator[dict[str, Any]]:
        """Rows of a query with `venue` (the title) and the names of their GPU's and provider's pages."""
        for row in rows:
            provider = row["provider"]
            named = {"venue": self.of(provider), "venue_page": provider_page(provider)}
            yield {**row, **named, **(gpu_names(row) if "gpu_model" in row else {})}


def gpu_names(row: Mapping[str, Any]) -> dict[str, str]:
    """`gpu`, the GPU in words, and `gpu_page`, the name of its page, "" for one that the catalogue lacks."""
    return {"gpu": gpu_name(row), "gpu_page": gpu_page(row) if row["gpu_model"] in models() else ""}


def with_shortfall(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `volatility` with `short`: how few returns it has, where they are too few for a figure."""
    return {
        **row,
        "short": f"{row['n30']} of {STATISTICS.least_returns} returns" if row["suppressed30"] else None,
    }
