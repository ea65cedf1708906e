"""Price history: imported public histories with their origin and licence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import duckdb
import polars as pl

from reports.charts import Figure, lines
from reports.pages import Page
from reports.pages.names import Names
from reports.queries import run_query
from reports.tables import (
    TableColumn,
    day,
    dollars,
    gpu_name,
    gpu_page,
    number,
    provider_page,
    signed_share,
    table,
    web_link,
)
from warehouse.gpu_catalog import models
from warehouse.schema import HISTORY

_FIGURES: Final = 12
_SERIES: Final = 8
_POINTS: Final = 180
"""Points of a series: about what a chart of 820 pixels shows apart."""
_GAP_DAYS: Final = 14
_GPU: Final = ["gpu_model", "gpu_form_factor", "gpu_memory_gib"]


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The page of price histories."""
    named = _Named(connection)
    sources = run_query(connection, "history_sources").to_dicts()
    titles = {row["source"]: _called(row) for row in sources}
    changes = [row["source"] for row in sources if row["rows_are"] == "changes"]
    shown: dict[str, Any] = {
        "sources": [
            {**row, "href": web_link(row["url"]), "licence_href": web_link(row["licence_url"])}
            for row in sources
        ],
        "figures": list(_figures(run_query(connection, "history_runs"), titles, changes)),
        "steps": table(
            "Steps of list prices, a tenth or more",
            [
                TableColumn("day", "day", day),
                TableColumn("provider", "venue", page="venue_page"),
                TableColumn("GPU", "gpu", page="gpu_page"),
                TableColumn("offers", "offers", number, css="number"),
                TableColumn("a GPU-hour before", "before", dollars, css="number"),
                TableColumn("after", "after", dollars, css="number"),
                TableColumn("change", "change", signed_share, css="number"),
                TableColumn("last seen at the old price", "day_before", day),
                TableColumn("by", "history"),
            ],
            named.rows(run_query(connection, "history_steps").to_dicts()),
        ),
        "statements": table(
            "What was said of free tiers and credits",
            [
                TableColumn("day", "observed_on", day),
                TableColumn("of", "venue"),
                TableColumn("about", "subject"),
                TableColumn("words", "said"),
                TableColumn("then", "then"),
                TableColumn("by", "history", link="origin"),
            ],
            named.rows(run_query(connection, "history_statements").to_dicts()),
        ),
        "refused": table(
            "Rows that were refused",
            [
                TableColumn("history", "source"),
                TableColumn("why", "reason"),
                TableColumn("rows", "row_count", number, css="number"),
                TableColumn("from", "first_on", day),
                TableColumn("to", "last_on", day),
            ],
            run_query(connection, "history_refused").to_dicts(),
        ),
    }
    return Page("history", "Price history", shown)


class _Named:
    """Names for rows; they lead to a page only where this ledger's own snapshots have made one."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._names = Names(connection)
        self._pages = {gpu_page(row) for row in run_query(connection, "gpus").to_dicts()}
        self._pages |= {provider_page(provider) for provider in run_query(connection, "titles")["provider"]}

    def rows(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Rows with names, pages, and what became of what was said."""
        for row in self._names.rows(rows):
            links = {name: row[name] for name in ("venue_page", "gpu_page") if row.get(name) in self._pages}
            then = "said" if row.get("state") == "present" else "taken away"
            yield {**row, "venue_page": "", "gpu_page": "", **links, "history": _called(row), "then": then}


def _called(row: dict[str, Any]) -> str:
    """A source in a legend: its mapping's name, with the part where the data set has several."""
    return str(row["source"]).removeprefix(HISTORY).replace("_", " ")


def _figures(frame: pl.DataFrame, titles: dict[str, str], changes: list[str]) -> Iterator[Figure]:
    """A figure for each of the GPUs with the longest runs, its series by source and way of selling.

    In the sources that hold `changes` a price stands until the next one, so their lines never break.
    """
    known = frame.filter(pl.col("gpu_model").is_in(models()))
    spans = known.group_by(_GPU).agg(pl.col("day").n_unique().alias("days")).filter(pl.col("days") > 1)
    first = spans.sort(["days", *_GPU], descending=[True, False, False, False], nulls_last=True)
    for row in first.head(_FIGURES).iter_rows(named=True):
        part = known.filter(pl.col(name).eq_missing(pl.lit(row[name])) for name in _GPU)
        series = _downsampled(part, titles, changes)
        gpu = gpu_name(row)
        described = f"The price of one GPU, USD an hour, by history and way of selling, for {gpu}"
        yield lines(
            series,
            f"history-{gpu_page(row)}",
            gpu,
            described,
            data="history_daily",
            unit="USD per GPU-hour",
            form="$.2~f",
            irregular=True,
        )


def _downsampled(part: pl.DataFrame, titles: dict[str, str], changes: list[str]) -> pl.DataFrame:
    """The longest series as far as a screen shows them: medians of some days, broken where none is known."""
    label = (
        pl.col("source").replace_strict(titles, default="")
        + ", "
        + pl.col("pricing_model").str.replace_all("_", " ")
    )
    frame = part.with_columns(label.alias("series"))
    longest = frame.group_by("series").len().sort(["len", "series"], descending=[True, False]).head(_SERIES)
    frame = frame.filter(pl.col("series").is_in(longest["series"].implode())).sort("series", "day")
    days = (frame["day"].max() - frame["day"].min()).days  # type: ignore[operator, union-attr]
    every = max(1, days // _POINTS)
    binned = frame.group_by_dynamic("day", every=f"{every}d", group_by="series").agg(
        pl.col("value").median(), pl.col("source").first()
    )
    since = pl.col("day").diff().over("series").dt.total_days()
    usual = since.median().over("series")
    holds = pl.col("source").is_in(changes)
    missed = (since > pl.max_horizontal(4 * usual, _GAP_DAYS, 3 * every)) & ~holds
    breaks = binned.filter(missed).with_columns(
        pl.col("day") - pl.duration(days=1), value=pl.lit(None, pl.Float64)
    )
    # A price that holds until it changes holds on the day before too.
    until = pl.col("day").shift(-1).over("series") - pl.duration(days=1)
    held = binned.filter(holds).with_columns(until.alias("until")).filter(pl.col("until") > pl.col("day"))
    steps = held.with_columns(pl.col("until").alias("day")).drop("until")
    order = {name: place for place, name in enumerate(longest["series"])}
    return (
        pl.concat([binned, breaks, steps])
        .sort(pl.col("series").replace_strict(order), "day")
        .select("series", "day", "value")
    )
