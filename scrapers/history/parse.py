"""Records of a public history -> rows of the ledger's tables. Pure: text in, frames out.

Every record has one of four fates: rows, quarantine with its reason, a blank whose meaning the mapping gives,
or outside what the mapping is about.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import polars as pl

from expectations.compiler import EXPECTATION, REASON
from scrapers.history import expressions as say
from scrapers.history.expressions import MARK, MOMENT, SEEN, STATED, Lookups
from scrapers.history.mapping import Mapping
from scrapers.history.outcome import RECORD, REFUSED, SLOT, ParsedBatch, refuse
from scrapers.history.readers import LINE, Batch
from scrapers.history.row_builder import Block


def parse(batch: Batch, mapping: Mapping, lookups: Lookups, *, part: str = "", at: str = "") -> ParsedBatch:
    """Read a batch; `part` is the part of the data set that its file is, `at` the moment the user gives.

    Raises MappingError where the mapping does not fit the file.
    """
    result = ParsedBatch(records=batch.frame.height + len(batch.broken))
    _keep_broken(batch, result)
    if batch.frame.is_empty():
        return result
    raw = [name for name in batch.frame.columns if name != LINE]
    frame = _prepared(batch.frame, mapping, lookups, part, at)
    columns = [name for name in frame.columns if not name.startswith("@") and name != LINE]
    _note_unread(raw, mapping, result)
    frame = _without_outside(frame, mapping, columns, result)
    frame = _without_refused(frame, mapping, raw, columns, result)
    left = frame.with_columns(pl.lit(value=False).alias("@claimed"))
    for index, rows in enumerate(mapping.rows):
        where = f"rows[{index}]"
        mine = say.condition(rows.when, columns, where) & ~pl.col("@claimed")
        claimed = left.filter(mine)
        left = left.with_columns((pl.col("@claimed") | mine).alias("@claimed"))
        if claimed.height:
            Block(rows, where, mapping, lookups, columns, raw, result).read(claimed)
    nobody = left.filter(~pl.col("@claimed"))
    refuse(nobody, raw, "records", "the record is known", "no rows of the mapping claim it", result)
    result.readings += nobody.height
    return result


def _keep_broken(batch: Batch, result: ParsedBatch) -> None:
    if not batch.broken:
        return
    result.readings += len(batch.broken)
    rows = [
        {
            LINE: line,
            "table_name": "records",
            EXPECTATION: "the record can be read",
            REASON: reason,
            RECORD: json.dumps({LINE: line, "text": text}, ensure_ascii=False),
        }
        for line, reason, text in batch.broken
    ]  # fmt: skip
    result.refused.append(pl.DataFrame(rows, schema=REFUSED))


def _prepared(frame: pl.DataFrame, mapping: Mapping, lookups: Lookups, part: str, at: str) -> pl.DataFrame:
    """The records with the part's words, derived columns, and their moment in MOMENT and STATED."""
    words: dict[str, str | None] = dict.fromkeys(
        name for name in mapping.file.optional if name not in frame.columns
    )
    words |= mapping.parts.get(part, {})
    frame = frame.with_columns(pl.lit(text, dtype=pl.String).alias(name) for name, text in words.items())
    for name, declared in mapping.derive.items():
        say.needs(frame.columns, declared.of, f"derive.{name}")
        frame = frame.with_columns(say.derived(declared, lookups).alias(name))
    when, stated = say.moment(mapping.time, frame.columns, at)
    frame = frame.with_columns(when.alias(MOMENT), stated.alias(STATED))
    seen = pl.col(MOMENT)
    if mapping.time.seen:
        say.needs(frame.columns, mapping.time.seen, "time.seen")
        seen = pl.coalesce(say.as_moment(pl.col(mapping.time.seen), (), mapping.time.zone), seen)
    return frame.with_columns(seen.alias(SEEN), say.slot(pl.col(MOMENT), mapping.time.cadence).alias(SLOT))


def _note_unread(raw: Sequence[str], mapping: Mapping, result: ParsedBatch) -> None:
    read_by = mapping.columns_read
    for name in raw:
        if name not in read_by and name not in mapping.file.ignored:
            result.findings["new_field", name] += 1


def _without_outside(
    frame: pl.DataFrame, mapping: Mapping, columns: Sequence[str], result: ParsedBatch
) -> pl.DataFrame:
    for index, rule in enumerate(mapping.outside):
        mine = say.condition(rule.when, columns, f"outside[{index}]")
        left = frame.filter(~mine)
        if left.height < frame.height:
            result.outside[rule.why] += frame.height - left.height
            frame = left
    return frame


def _without_refused(
    frame: pl.DataFrame, mapping: Mapping, raw: Sequence[str], columns: Sequence[str], result: ParsedBatch
) -> pl.DataFrame:
    frame = frame.with_columns(say.mark(raw).alias(MARK))
    reasons = [
        pl.when(pl.col(MOMENT).is_null()).then(pl.format("{} is not a time", pl.col(STATED).fill_null("")))
    ]
    for index, rule in enumerate(mapping.refuse):
        meant = say.condition(rule.when, columns, f"refuse[{index}]")
        reasons.append(pl.when(meant).then(pl.lit(rule.why)))
    undeclared = pl.col(MARK).is_not_null() & ~pl.col(MARK).is_in(list(mapping.origin.standing))
    reasons.append(pl.when(undeclared).then(pl.format("the data set calls it {}", pl.col(MARK))))
    frame = frame.with_columns(pl.coalesce(reasons).alias(REASON))
    refused = frame.filter(pl.col(REASON).is_not_null())
    if refused.height:
        refuse(refused, raw, "records", "the record is a price as seen", pl.col(REASON), result)
        result.readings += refused.height
    return frame.filter(pl.col(REASON).is_null()).drop(REASON)
