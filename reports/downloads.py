"""downloads/: the gold views as Parquet and CSV, described by a Data Package (https://datapackage.org).

In the CSV files text that a spreadsheet would run as a formula gets an apostrophe in front, and control
characters are written out; the Parquet files hold it as it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl
import pyarrow.parquet as pq

from reports.queries import run_query
from warehouse.text_safety import visible_columns

VIEWS: Final = (
    "latest_offers",
    "price_daily",
    "price_hourly",
    "market_machines",
    "availability_daily",
    "rented_daily",
    "breadth_daily",
    "listing_churn",
    "volatility",
    "realised_volatility",
    "price_changes",
    "history_daily",
    "history_sources",
    "free_tier_now",
    "free_tier_changes",
    "plans_now",
    "cheapest_now",
    "freshness",
)
A_YEAR_OF: Final = ("market_machines", "price_changes")
"""Views with a row a machine or an offer: of these the last year is written, the rest is in the warehouse."""
_PART: Final = 100_000
_PACKED: Final = {"compression": "zstd"}
_MOST_ROWS_OF_A_SHEET: Final = 1_000_000
# A spreadsheet skips the blanks before a formula.
_FORMULA: Final = r"^(?:\s*[=+\-@＝＋－＠]|[\t\r\n])"
_TYPES: Final = {
    pl.Boolean: "boolean",
    pl.Date: "date",
    pl.Datetime: "datetime",
    pl.Int64: "integer",
    pl.Int128: "integer",
    pl.Float64: "number",
}


def write(connection: duckdb.DuckDBPyConnection, folder: Path, *, as_of: datetime) -> list[Path]:
    """Write every gold view into a folder, and datapackage.json beside them; returns the paths.

    Each is there as Parquet, and as CSV unless it has more rows than a spreadsheet can hold.
    """
    folder.mkdir(parents=True, exist_ok=True)
    meanings = {row["view_name"]: row["comment"] for row in run_query(connection, "views").to_dicts()}
    resources = []
    for name in VIEWS:
        schema = _written(connection, name, folder)
        written = (folder / f"{name}.parquet", folder / f"{name}.csv")
        meaning = f"{meanings[name]} The last year." if name in A_YEAR_OF else meanings[name]
        resources += [_resource(path, name, meaning, schema) for path in written if path.exists()]
    package = folder / "datapackage.json"
    package.write_text(_package(resources, _sources(connection), as_of), encoding="utf-8")
    return [*(folder / resource["path"] for resource in resources), package]


def _written(connection: duckdb.DuckDBPyConnection, name: str, folder: Path) -> pl.Schema:
    """Write a view in parts, so that a long one needs no more memory than a short one; returns its schema."""
    parquet, csv = folder / f"{name}.parquet", folder / f"{name}.csv"
    # A view's rows have no order of their own, and the same ledger gives the same bytes.
    since = f"(SELECT max(slot) FROM {name}) - INTERVAL 1 YEAR"  # noqa: S608 - a name of our own
    query = f"FROM {name} {f'WHERE slot > {since}' if name in A_YEAR_OF else ''} ORDER BY ALL"
    reader = connection.execute(query).to_arrow_reader(_PART)
    nothing = pl.DataFrame(pl.from_arrow(reader.schema.empty_table()))
    rows = 0
    with csv.open("wb") as text, pq.ParquetWriter(parquet, nothing.to_arrow().schema, **_PACKED) as file:
        harmless(nothing).write_csv(text)
        for batch in reader:
            frame = pl.DataFrame(pl.from_arrow(batch))
            file.write_table(frame.to_arrow())
            rows += frame.height
            if rows <= _MOST_ROWS_OF_A_SHEET:
                harmless(frame).write_csv(text, include_header=False)
    if rows > _MOST_ROWS_OF_A_SHEET:
        csv.unlink()
    return nothing.schema


def harmless(frame: pl.DataFrame, figures: Collection[str] = ()) -> pl.DataFrame:
    """The frame as CSV may hold it.

    Lists become text, what cannot be seen is written out, and a text that a spreadsheet would take for a
    formula begins with an apostrophe. Columns named in `figures` are left out: they hold numbers and dates
    as text.
    """
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    flat = frame.with_columns(pl.col(name).cast(pl.List(pl.String)).list.join(" ") for name in lists)
    shown = visible_columns(flat)
    words = zip(flat.columns, shown.columns, shown.dtypes, strict=True)
    safe = shown.with_columns(
        pl.col(plain).str.replace(_FORMULA, "'${0}")
        for name, plain, dtype in words
        if dtype == pl.String and name not in figures
    )
    return safe.rename(lambda name: re.sub(_FORMULA, r"'\g<0>", name))


def _resource(path: Path, name: str, meaning: str, schema: pl.Schema) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    form = path.suffix.removeprefix(".")
    return {
        "name": f"{name.replace('_', '-')}-{form}",
        "title": name,
        "description": meaning,
        "path": path.name,
        "format": form,
        "mediatype": "text/csv" if form == "csv" else "application/vnd.apache.parquet",
        "bytes": path.stat().st_size,
        "hash": f"sha256:{digest}",
        "schema": {"fields": list(_fields(schema))},
    }


def _fields(schema: pl.Schema) -> Iterable[dict[str, str]]:
    for name, dtype in schema.items():
        yield {"name": name, "type": _TYPES.get(dtype.base_type(), "string")}


def _sources(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Whose data stands in history_daily beside our own, with what each licence asks to be carried along."""
    told = []
    for row in run_query(connection, "history_sources").to_dicts():
        licence = {"title": row["licence"], "path": row["licence_url"]}
        told.append(
            {
                "title": row["title"],
                "path": row["url"],
                "source": row["source"],
                "publisher": row["publisher"],
                "license": {name: text for name, text in licence.items() if text},
                "attribution": row["attribution"] or f"{row['title']}, {row['publisher']}",
                "rows": row["row_count"],
                "first": f"{row['first_on']}" if row["first_on"] else None,
                "last": f"{row['last_on']}" if row["last_on"] else None,
            }
        )
    return told


def _package(resources: list[dict[str, Any]], sources: list[dict[str, Any]], as_of: datetime) -> str:
    package = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "gpuledger",
        "title": "gpuledger: the open ledger of GPU prices",
        "created": as_of.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "sources": sources,
        "resources": resources,
    }
    return json.dumps(package, indent=2) + "\n"
