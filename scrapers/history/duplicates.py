"""Rows of a history that share their key in a snapshot: one is kept, by the rule of the providers' pages.

Of the records of a snapshot the newest counts. Of several at that moment the first in the file is kept. One
that says the same is refused as a duplicate, one that says otherwise with both figures: `OnePrice` of
scrapers.page decides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

import polars as pl

from expectations.compiler import EXPECTATION, REASON
from scrapers.history.outcome import RECORD, REFUSED, WRITTEN_LATER
from scrapers.history.readers import LINE
from scrapers.page.record import OnePrice, Unreadable
from warehouse.schema import Table

LATER: Final = "a later record of the same snapshot is current"
SAME: Final = "another record says the same"
OTHERWISE: Final = "another record of the same key says otherwise"
_WHERE_READ: Final = frozenset({LINE, "offer_id", "line", "origin", "observed_at", "source_url"})
"""Columns that say where a row was read: two that differ in nothing else say the same."""


def split_duplicates(frame: pl.DataFrame, table: Table) -> tuple[pl.DataFrame, pl.DataFrame, Counter[str]]:
    """The rows with one for each key, those refused (as REFUSED), and how many of these are of which kind.

    The kinds are LATER, SAME and OTHERWISE. `frame` holds whole snapshots, with the line of each row.
    """
    key = [name for name in table.key if name not in WRITTEN_LATER]
    is_shared = frame.select(key).is_duplicated()
    if not is_shared.any():
        return frame, pl.DataFrame(schema=REFUSED), Counter()
    seen = "observed_at" if "observed_at" in frame.columns else "observed_on"
    shared = frame.filter(is_shared).sort(LINE)
    is_newest = pl.col(seen) == pl.col(seen).max().over(key)
    newest, older = shared.filter(is_newest), shared.filter(~is_newest)
    says = [name for name in frame.columns if name not in _WHERE_READ]
    # Most columns hold one value in all of these rows; comparing them row by row would take the longest.
    vary = [name for name in says if name not in key and newest[name].n_unique() > 1]
    told = list(_told(newest, key, vary))
    newest = newest.with_columns(pl.Series(REASON, [reason for _, reason in told], dtype=pl.String))
    counts = Counter({LATER: older.height}) + Counter(kind for kind, reason in told if reason)
    kept = newest.filter(pl.col(REASON).is_null()).drop(REASON)
    refused = pl.concat(
        [newest.filter(pl.col(REASON).is_not_null()), older.with_columns(pl.lit(LATER).alias(REASON))]
    )
    record = pl.struct(LINE, *(name for name in says if name != "slot")).struct.json_encode()
    refused = refused.with_columns(
        pl.lit(table.name).alias("table_name"),
        pl.lit(f"key unique ({', '.join(key)})").alias(EXPECTATION),
        record.alias(RECORD),
    )
    rows = pl.concat([frame.filter(~is_shared), kept]).sort("slot", LINE)
    return rows, refused.select(REFUSED.names()), counts


def _told(rows: pl.DataFrame, key: list[str], vary: list[str]) -> Iterator[tuple[str, str | None]]:
    """For each row its kind and why it is refused, None for the first of its key."""
    first: defaultdict[tuple[object, ...], OnePrice] = defaultdict(OnePrice)
    words = (pl.col(name).cast(pl.String) for name in key if name != "slot")
    things = rows.select(pl.concat_str(words, separator=", ", ignore_nulls=True)).to_series()
    for row, thing in zip(rows.select(*key, *vary).iter_rows(), things, strict=True):
        price = dict(zip(vary, row[len(key) :], strict=True))
        try:
            is_new = first[row[: len(key)]].is_new(thing, price)
        except Unreadable as problem:
            yield OTHERWISE, str(problem)
            continue
        yield SAME, None if is_new else SAME
