"""downloads/: gold views as Parquet and CSV, described by a Data Package (https://datapackage.org).

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
from warehouse.views import View, views

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


def downloadable() -> list[View]:
    """The views that are offered for download, by name."""
    return sorted(
        (view for view in views().values() if view.header.is_downloadable), key=lambda view: view.name
    )


def write(connection: duckdb.DuckDBPyConnection, folder: Path, *, as_of: datetime) -> list[Path]:
    """Write every downloadable view into a folder, and datapackage.json beside them; returns the paths.

    Each is there as Parquet, and as CSV unless it has more rows than a spreadsheet can hold.
    """
    folder.mkdir(parents=True, exist_ok=True)
    resources = []
    for view in downloadable():
        schema = _written(connection, view, folder)
        written = (folder / f"{view.name}.parquet", folder / f"{view.name}.csv")
        resources += [_resource(path, view, schema) for path in written if path.exists()]
    package = folder / "datapackage.json"
    package.write_text(_package(resources, _sources(connection), as_of), encoding="utf-8")
    return [*(folder / resource["path"] for resource in resources), package]


def _written(connection: duckdb.DuckDBPyConnection, view: View, folder: Path) -> pl.Schema:
    """Write a view in parts, so that a long one needs no more memory than a short one; returns its schema."""
    parquet, csv = folder / f"{view.name}.parquet", folder / f"{view.name}.csv"
    window = ""
    if column := view.header.last_year_by:
        since = f"(SELECT max({column}) FROM {view.name}) - INTERVAL 1 YEAR"  # noqa: S608 - names of our own
        window = f"WHERE {column} > {since}"
    # A view's rows have no order of their own, and the same ledger gives the same bytes.
    reader = connection.execute(f"FROM {view.name} {window} ORDER BY ALL").to_arrow_reader(_PART)
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


def _resource(path: Path, view: View, schema: pl.Schema) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    form = path.suffix.removeprefix(".")
    description = view.header.description
    return {
        "name": f"{view.name.replace('_', '-')}-{form}",
        "title": view.name,
        "description": f"{description} The last year." if view.header.last_year_by else description,
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
