"""A page for every GPU.

Its prices now by venue, its history, its volatility, its availability, then and now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import duckdb
import polars as pl

from reports.charts import SERIES, Figure, lines
from reports.pages import Page
from reports.pages.names import Names, with_shortfall
from reports.queries import run_query
from reports.tables import TableColumn, day, dollars, gpu_name, gpu_page, number, share, table

_KEY: Final = ["gpu_model", "gpu_form_factor", "gpu_memory_gib"]
_LINES: Final = 16
_QUESTIONS: Final = ("gpu_prices", "price_history", "gpu_volatility", "gpu_availability")


def pages(connection: duckdb.DuckDBPyConnection) -> Iterator[Page]:
    """A page for each GPU of the catalogue that has ever been offered."""
    names = Names(connection)
    parts = {question: _by_gpu(run_query(connection, question)) for question in _QUESTIONS}
    stated = run_query(connection, "stated_prices")
    for row in run_query(connection, "gpus").to_dicts():
        key = tuple(row[name] for name in _KEY)
        found = {question: by_gpu.get(key) for question, by_gpu in parts.items()}
        title = gpu_name(row)
        shown = {
            "gpu": row,
            "prices": _prices(_named(found["gpu_prices"], names)),
            "volatility": _volatility(map(with_shortfall, _named(found["gpu_volatility"], names))),
            "stated": _stated(stated.filter(pl.col("gpu_model") == row["gpu_model"]).to_dicts()),
            "figures": list(_figures(title, gpu_page(row), found, names)),
        }
        yield Page(gpu_page(row), title, shown, template="gpu", parent="index")


def _by_gpu(frame: pl.DataFrame) -> dict[tuple[Any, ...], pl.DataFrame]:
    return dict(frame.group_by(_KEY, maintain_order=True))


def _named(frame: pl.DataFrame | None, names: Names) -> list[dict[str, Any]]:
    return [] if frame is None else list(names.rows(frame.to_dicts()))


def _prices(rows: list[dict[str, Any]]) -> Any:
    return table(
        "One GPU for an hour, cheapest first",
        [
            TableColumn("provider", "venue", page="venue_page"),
            TableColumn("sold as", "pricing_model"),
            TableColumn("cheapest", "lowest", dollars, link="source_url", css="number"),
            TableColumn("where", "region"),
            TableColumn("median", "median", dollars, css="number"),
            TableColumn("offers", "offers", number, css="number"),
            TableColumn("seen on", "slot", day),
        ],
        rows,
    )


def _volatility(rows: Iterable[dict[str, Any]]) -> Any:
    return table(
        "How the median has moved",
        [
            TableColumn("provider", "venue", page="venue_page"),
            TableColumn("sold as", "pricing_model"),
            TableColumn("median now", "median_now", dollars, css="number"),
            TableColumn("HV30, % a year", "hv30", number, css="number", note="short"),
            TableColumn("HV90", "hv90", number, css="number"),
            TableColumn("snapshots with a change", "change_share", share, css="number"),
            TableColumn("days between changes", "implied_spell_days", number, css="number"),
            TableColumn("deepest fall", "max_drawdown", share, css="number"),
            TableColumn("highest rise", "max_run_up", share, css="number"),
            TableColumn("snapshots", "observations", number, css="number"),
        ],
        rows,
    )


def _stated(rows: list[dict[str, Any]]) -> Any:
    return table(
        "What it cost at other times",
        [
            TableColumn("date", "observed_as_stated"),
            TableColumn("provider", "provider"),
            TableColumn("what", "subject", link="origin"),
            TableColumn("sold as", "pricing_model"),
            TableColumn("price", "value_number", number, css="number"),
            TableColumn("currency", "currency"),
            TableColumn("standing", "standing"),
        ],
        rows,
    )


def _figures(title: str, name: str, found: dict[str, pl.DataFrame | None], names: Names) -> Iterator[Figure]:
    history, listed = found["price_history"], found["gpu_availability"]
    if history is not None:
        sources = history.group_by("provider", "pricing_model").agg(pl.col("source").n_unique())
        several = {(row["provider"], row["pricing_model"]) for row in sources.to_dicts() if row["source"] > 1}
        series = [
            f"{names.of(row['provider'])}, {row['pricing_model'].replace('_', ' ')}"
            + (
                f" ({row['source'].partition('.')[2]})"
                if (row["provider"], row["pricing_model"]) in several
                else ""
            )
            for row in history.to_dicts()
        ]
        frame = history.select("day", value="p50").with_columns(series=pl.Series(series, dtype=pl.String))
        cheapest = (
            frame.group_by("series")
            .agg(pl.col("value").last())
            .sort("value", "series")["series"]
            .head(_LINES)
        )
        frame = frame.filter(pl.col("series").is_in(cheapest.to_list()))
        told = f"{title}: the median price of a GPU-hour, by day"
        yield lines(
            frame,
            f"{name}-price",
            told,
            f"{told}, in USD",
            data="price_daily",
            unit="USD per GPU-hour",
            form="$.3~f",
        )
    if listed is not None:
        told = f"{title}: GPUs on marketplaces, by day"
        counted = [
            (f"{names.of(row['provider'])}, {words}", row["day"], row[column])
            for column, words in (("gpus_total", "listed machines' GPUs"), ("gpus_available", "free"))
            for row in listed.to_dicts()
        ]
        frame = pl.DataFrame(counted, schema=SERIES, orient="row", strict=False)
        yield lines(frame, f"{name}-free", told, told, data="availability_daily", unit="GPUs", form="~s")
