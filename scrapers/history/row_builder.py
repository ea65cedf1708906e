"""The row builder: one `rows` block of a mapping, applied to the records that it matches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from expectations.compiler import EXPECTATION, REASON, validated
from scrapers.history import expressions as say
from scrapers.history.cells import AS_SHOWN, prices
from scrapers.history.columns import Filling
from scrapers.history.expressions import MARK, MOMENT, SEEN, STATED, Lookups
from scrapers.history.mapping import Mapping, PriceColumn, Rows
from scrapers.history.outcome import SLOT, WRITTEN_LATER, ParsedBatch, refuse
from scrapers.history.readers import LINE
from warehouse.schema import BY_NAME

_HOURS: Final = {"hour": 1.0, "month": 730.0, "minute": 1 / 60, "second": 1 / 3600}
"""Hours in a period; a month is the 730 hours that clouds bill it as."""


@dataclass
class Block:
    """One `rows` of a mapping at work on the records that it claims."""

    rows: Rows
    where: str
    mapping: Mapping
    lookups: Lookups
    columns: Sequence[str]
    raw: Sequence[str]
    result: ParsedBatch

    def read(self, frame: pl.DataFrame) -> None:
        """Turn records into rows, one for each price, or one where no price is asked for."""
        filling = Filling(self.rows, self.where, self.lookups, self.columns, self.result.findings)
        filled = filling.fill(frame)
        if self.rows.key:
            parts = [
                pl.col(say.needs(self.columns, name, f"{self.where}.key")).fill_null("")
                for name in self.rows.key
            ]
            filled = filled.with_columns(pl.concat_str(parts, separator=":").alias("@key"))
        for frame_of_one in self._readings(filled):
            self._keep(frame_of_one)

    def _readings(self, filled: pl.DataFrame) -> Iterator[pl.DataFrame]:
        if not self.rows.prices:
            self.result.readings += filled.height
            yield filled
        for index, price in enumerate(self.rows.prices):
            self.result.readings += filled.height
            yield self._priced(filled, price, f"{self.where}.prices[{index}]")

    def _priced(self, filled: pl.DataFrame, price: PriceColumn, where: str) -> pl.DataFrame:
        """The records with this price in the columns of an offer; blanks are counted and left out."""
        shown = pl.col(say.needs(self.columns, price.column, where))
        blank = shown.is_null() | shown.is_in(list(price.blanks)).fill_null(value=True)
        frame = filled.with_columns(blank.alias("@blank"))
        blanks = frame.filter("@blank").height
        if blanks and price.blank != "unavailable":
            self.result.missing += blanks if price.blank == "missing" else 0
            self.result.carried += blanks if price.blank == "carried forward" else 0
            frame = frame.filter(~pl.col("@blank"))
        frame = frame.with_columns(
            shown.is_in(list(price.free)).fill_null(value=False).alias("@free"),
            *prices(frame[price.column], price).rename(lambda name: f"@{name}"),
        )
        is_free, amount, currency = pl.col("@free"), pl.col("@amount"), pl.col("@currency")
        otherwise = "USD" if price.currency == AS_SHOWN else price.currency
        count = pl.col("@count").cast(pl.Float64)
        usd = pl.when(currency == "USD").then(amount / _HOURS[price.period])
        whole, each = (usd, usd / count) if price.per == "machine" else (usd * count, usd)
        model = price.pricing_model
        known = model if isinstance(model, str) else None
        if known is None:
            frame = Filling(self.rows, where, self.lookups, self.columns, self.result.findings).word(
                frame, model, "@model", f"{where}.pricing_model", "unknown_word"
            )
        sold = pl.lit(known) if known is not None else pl.col("@model")
        wrong = (
            pl.when(pl.col("@blank") | is_free).then(None)
            .when(amount == 0).then(pl.lit("a price of 0, which nothing says is free"))
            .otherwise("@problem")
        )  # fmt: skip
        key = pl.concat_str(pl.col("@key"), pl.lit(f":{price.label}" if price.label else ""))
        unit = (
            ""
            if price.period == "hour" and price.per == "machine"
            else f" per {price.per} and {price.period}"
        )
        return frame.with_columns(
            wrong.alias("@wrong"),
            key.alias("=offer_key"),
            pl.when(is_free).then(pl.lit("free")).otherwise(sold).alias("=pricing_model"),
            pl.when(is_free).then(0.0).otherwise(whole).alias("=usd_per_hour"),
            pl.when(~is_free).then(each).alias("=usd_per_gpu_hour"),
            pl.when(~pl.col("@blank")).then(pl.concat_str(shown, pl.lit(unit))).alias("=price_as_shown"),
            currency.fill_null(otherwise).alias("=currency"),
            pl.when("@blank")
            .then(pl.lit("unavailable"))
            .otherwise(pl.col("=availability"))
            .alias("=availability"),
        )

    def _keep(self, frame: pl.DataFrame) -> None:
        """Type the rows, judge them by the schema, and keep both kinds."""
        table = BY_NAME[self.rows.table]
        frame = frame.with_columns(**self._identity(frame))
        names = [name for name in table.by_name if name not in WRITTEN_LATER]
        types = table.polars()
        typed = frame.select(
            pl.col(LINE),
            *(
                (
                    pl.col(f"={name}").cast(types[name])
                    if f"={name}" in frame.columns
                    else _nothing(types[name])
                ).alias(name)
                for name in names
            ),
            *(pl.lit("").alias(name) for name in WRITTEN_LATER & types.keys()),
            (pl.col("@wrong") if "@wrong" in frame.columns else _nothing(pl.String())).alias("@wrong"),
        )
        found = validated(typed, table)
        unread = pl.col("@wrong").is_not_null()
        found = found.with_columns(
            pl.when(unread).then(pl.lit("the price can be read")).otherwise(EXPECTATION).alias(EXPECTATION),
            pl.coalesce("@wrong", REASON).alias(REASON),
        )
        wrong = pl.col(REASON).is_not_null()
        bad = frame.with_columns(found.select(EXPECTATION, REASON)).filter(wrong)
        refuse(bad, self.raw, table.name, pl.col(EXPECTATION), pl.col(REASON), self.result)
        good = found.filter(~wrong)
        if good.height:
            self.result.rows.setdefault(table.name, []).append(good.select(LINE, *names))

    def _identity(self, frame: pl.DataFrame) -> dict[str, pl.Expr]:
        """The columns that say which record a row is, and when it was true."""
        line = pl.col(LINE)
        url = pl.lit(self.mapping.origin.url)
        standing = pl.col(MARK).replace_strict(
            self.mapping.origin.standing, default=None, return_dtype=pl.String
        )
        if self.rows.table == "observations":
            note = pl.col("=note") if "=note" in frame.columns else _nothing(pl.String())
            estimated = pl.when(pl.col(MARK).is_not_null()).then(pl.lit("estimated"))
            return {
                "=slot": pl.col(SLOT),
                "=observed_on": pl.col(MOMENT).dt.date(),
                "=observed_as_stated": pl.col(STATED),
                "=origin": pl.format("{}#L{}", url, line),
                "=standing": estimated.otherwise(pl.lit("second_hand")),
                "=note": pl.coalesce(standing, note),
            }
        seen_at = pl.col("=source_url").fill_null(url) if "=source_url" in frame.columns else url
        common = {"=slot": pl.col(SLOT), "=observed_at": pl.col(SEEN), "=source_url": seen_at}
        if self.rows.table == "offers":
            key = {} if "=offer_key" in frame.columns else {"=offer_key": pl.col("@key")}
            return {**common, **key, "=offer_id": pl.format("L{}", line)}
        return {**common, "=series_key": pl.col("@key"), "=line": line, "=standing": standing}


def _nothing(dtype: pl.DataType) -> pl.Expr:
    return pl.lit(None, dtype=dtype)
