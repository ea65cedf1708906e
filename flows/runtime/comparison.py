"""Comparison of stored and derived frames by column name.

The order of columns says nothing: a column that a release adds comes last in a ledger that was upgraded, and
in its own place in a new one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import duckdb
import polars as pl

from flows.queries import load_query

BOOKKEEPING: Final = frozenset({"run_id", "parser_version"})
"""Columns that differ between two readings without the rows being different."""


State = Literal["MATCH", "MISMATCH", "UNVERIFIED"]


@dataclass(frozen=True)
class Verification:
    """One figure and how it came out; `detail` says what was found where it is not a match."""

    state: State
    slot: datetime
    source: str
    figure: str
    detail: str = ""


class AddedColumns:
    """Columns that releases have added to a ledger's tables, and when."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._added = connection.execute(load_query("added_columns")).fetchall()

    def after(self, table: str, written: datetime) -> frozenset[str]:
        """The columns of a table that were added after rows were written, which hold no value for them."""
        return frozenset(column for name, column, added in self._added if name == table and added > written)


def comparable(
    stored: pl.DataFrame, derived: pl.DataFrame, lacking: Collection[str] = ()
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two frames without bookkeeping, with the same columns, in an order that depends on the rows alone.

    A column that one of them lacks is null there. One named in `lacking` is left out where no stored row has
    a value for it. Times are in UTC.
    """
    types = {**derived.schema, **stored.schema}
    unknown = {name for name in lacking if name not in stored.columns or stored[name].is_null().all()}
    names = sorted(types.keys() - BOOKKEEPING - unknown)
    first, second = (_in_order(frame, {name: types[name] for name in names}) for frame in (stored, derived))
    return first, second


def _in_order(frame: pl.DataFrame, types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    lacking = (pl.lit(None, dtype).alias(name) for name, dtype in types.items() if name not in frame.columns)
    in_utc = pl.col(pl.Datetime).dt.convert_time_zone("UTC")
    return frame.with_columns(lacking).select(list(types)).with_columns(in_utc).sort(list(types))
