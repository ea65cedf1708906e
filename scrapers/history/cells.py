"""Cells of prices, numbers and GPU names, parsed by the functions of the providers' pages.

Those take one value. Columns of a history repeat few values many times, so each different value is parsed
once and joined back to its rows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import polars as pl

from scrapers.history.mapping import PriceColumn
from scrapers.page.lookups import gpu_named
from scrapers.page.money import cell_number, cell_price
from scrapers.page.record import Notes

AS_SHOWN: Final = "as shown"
"""The currency of a column whose cells each name theirs."""
Row = tuple[Any, ...]
_PRICES: Final = pl.Schema({"amount": pl.Float64, "currency": pl.String, "problem": pl.String})
_NUMBERS: Final = pl.Schema({"number": pl.Float64})
GPU: Final = pl.Schema(
    {
        "gpu_model": pl.String,
        "gpu_is_known": pl.Boolean,
        "gpu_form_factor": pl.String,
        "gpu_memory_gib": pl.Float64,
    }
)
"""The columns that name a GPU."""


def prices(shown: pl.Series, declared: PriceColumn) -> pl.DataFrame:
    """`amount`, `currency` (ISO 4217) and `problem` for each cell; the problem says why it is not a price."""
    currency = "" if declared.currency == AS_SHOWN else declared.currency

    def parse(cell: str) -> Row:
        try:
            read = cell_price(cell, currency=currency, period=declared.period, decimal=declared.decimal)
        except ValueError as problem:
            return None, None, str(problem)
        return float(read.amount), read.currency, None

    return _by_value(shown.to_frame(), lambda row: parse(*row), _PRICES)


def numbers(shown: pl.Series) -> pl.Series:
    """The numbers in cells such as "1,234.5" and "$300"; null where a cell holds anything else."""

    def parse(cell: str) -> Row:
        try:
            number = float(cell_number(cell))
        except ValueError:
            return (None,)
        return (number if math.isfinite(number) else None,)

    return _by_value(shown.to_frame(), lambda row: parse(*row), _NUMBERS).to_series()


def gpus(described: pl.DataFrame, findings: Counter[tuple[str, str]]) -> pl.DataFrame:
    """The columns of GPU for rows of (name, memory in GiB, form factor), as the catalogue has them.

    What the catalogue does not know is counted in `findings`, once for each row.
    """
    times = {row[:-1]: row[-1] for row in described.group_by(described.columns).len().iter_rows()}

    def parse(row: Row) -> Row:
        name, memory_gib, form_factor = row
        notes = Notes()
        gpu = gpu_named(name, notes, memory_gib=memory_gib, form_factor=form_factor).columns()
        for noted in notes.counts:
            findings[noted] += times[row]
        return tuple(gpu[column] for column in GPU)

    return _by_value(described, parse, GPU)


def _by_value(cells: pl.DataFrame, parse: Callable[[Row], Row], schema: pl.Schema) -> pl.DataFrame:
    """What `parse` makes of each different row whose first cell is given; nulls for the others."""
    first, *rest = (f"{index}" for index in range(cells.width))
    cells.columns = [first, *rest]
    distinct = cells.unique(maintain_order=True).drop_nulls(first)
    parsed = pl.DataFrame([parse(row) for row in distinct.iter_rows()], schema=schema, orient="row")
    known = pl.concat([distinct, parsed], how="horizontal")
    joined = cells.join(known, on=cells.columns, how="left", nulls_equal=True, maintain_order="left")
    return joined.select(schema.names())
