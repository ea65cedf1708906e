"""Two readings of the same bytes, made comparable."""

from __future__ import annotations

from typing import Final

import polars as pl

# What differs between two readings without the reading being different.
BOOKKEEPING: Final = ("run_id", "parser_version")


def comparable(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame without bookkeeping, in an order that depends on its content alone, times in UTC."""
    facts = frame.drop(BOOKKEEPING, strict=False).with_columns(
        pl.col(pl.Datetime).dt.convert_time_zone("UTC")
    )
    return facts.sort(facts.columns)
