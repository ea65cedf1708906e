"""Columns of a mapping: lookups, numbers, GPU names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from scrapers.history import expressions as say
from scrapers.history.cells import GPU, gpus, numbers
from scrapers.history.expressions import Lookups
from scrapers.history.mapping import Given, GpuColumns, Rows, Value
from warehouse.schema import BY_NAME, Column

_TRUE: Final = ("true", "yes", "1")
_FALSE: Final = ("false", "no", "0")
_UNKNOWN: Final = {"region": "unknown_region", "country": "unknown_region"}
_DEFAULTS: Final = {
    "offers": {"availability": "unknown", "currency": "USD"},
    "observations": {"state": "present", "currency": "USD"},
    "price_statistics": {},
}
_MACHINE: Final = pl.Schema(
    {"@type": pl.String, "@gpu": pl.String, "@count": pl.Float64, "@memory": pl.Float64, "@form": pl.String}
)


@dataclass
class Filling:
    """One `rows` of a mapping and what it needs to fill columns; `findings` counts what nobody declared."""

    rows: Rows
    where: str
    lookups: Lookups
    columns: Sequence[str]
    findings: Counter[tuple[str, str]]

    def fill(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The records with every column of the table that the mapping names, and the GPU's.

        What is for the table stands under "=" and the column's name, beside the record's own columns.
        """
        table = BY_NAME[self.rows.table]
        for name, given in self.rows.columns.items():
            where = f"{self.where}.columns.{name}"
            frame = self.word(frame, given, f"={name}", where, _UNKNOWN.get(name, "unknown_word"))
            frame = self._typed(frame, table.by_name[name], f"={name}")
        for name, words in _DEFAULTS[self.rows.table].items():
            given_already = f"={name}" in frame.columns
            filled = pl.col(f"={name}").fill_null(words) if given_already else pl.lit(words)
            frame = frame.with_columns(filled.alias(f"={name}"))
        return self._with_gpu(frame)

    def word(self, frame: pl.DataFrame, given: Given, name: str, where: str, kind: str) -> pl.DataFrame:
        """The frame with a value as text under `name`, looked up where the mapping says so."""
        frame = frame.with_columns(say.value(given, self.columns, where).cast(pl.String).alias(name))
        lookup, strict = say.words_of(given)
        if not lookup:
            return frame
        words = self.lookups[lookup]
        meant = [*words, given.blank] if isinstance(given, Value) and given.blank else list(words)
        # A GPU's name that is kept is looked up in the catalogue, which says whether it is known.
        if strict or kind != "unknown_gpu":
            unknown = frame.filter(pl.col(name).is_not_null() & ~pl.col(name).is_in(meant))
            self._note(kind, unknown[name])
        column = pl.col(name)
        found = column.replace_strict(dict(words), default=None, return_dtype=pl.String)
        return frame.with_columns((found if strict else pl.coalesce(found, column)).alias(name))

    def _typed(self, frame: pl.DataFrame, column: Column, name: str) -> pl.DataFrame:
        text = frame[name]
        if column.kind in {"number", "integer"}:
            value = numbers(text)
            if column.kind == "integer":
                value = _whole(value)
        elif column.kind == "flag":
            lower = pl.col(name).str.to_lowercase()
            meant = pl.when(lower.is_in(_TRUE)).then(True).when(lower.is_in(_FALSE)).then(False)
            value = frame.select(meant).to_series()
        else:
            return frame
        unread = text.filter(value.is_null() & text.is_not_null())
        self._note("unknown_word", unread, f"{column.name}: ")
        return frame.with_columns(value.alias(name))

    def _note(self, kind: str, words: pl.Series, before: str = "") -> None:
        for shown, times in words.value_counts(name="times").rows():
            self.findings[kind, f"{before}{shown}"] += times

    def _with_gpu(self, frame: pl.DataFrame) -> pl.DataFrame:
        gpu = self.rows.gpu
        empty = {"@gpu": pl.String, "@count": pl.Float64, "@memory": pl.Float64, "@form": pl.String}
        if gpu is None:
            return frame.with_columns(pl.lit(None, dtype=dtype).alias(name) for name, dtype in empty.items())
        if gpu.machines:
            frame = self._from_machine(frame, gpu).with_columns(pl.lit(None, dtype=pl.String).alias("@shown"))
        else:
            frame = self._from_name(frame, gpu)
        return self._named(frame)

    def _from_name(self, frame: pl.DataFrame, gpu: GpuColumns) -> pl.DataFrame:
        where = f"{self.where}.gpu"
        givens = {"@gpu": gpu.name, "@count": gpu.count, "@memory": gpu.memory_gib, "@form": gpu.form_factor}
        for name, given in givens.items():
            if given is None:
                frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias(name))
                continue
            kind = "unknown_gpu" if name == "@gpu" else "unknown_word"
            frame = self.word(frame, given, name, f"{where}.{name[1:]}", kind)
        if gpu.name is not None:
            shown = say.value(gpu.name, self.columns, f"{where}.name").cast(pl.String)
            frame = frame.with_columns(shown.alias("@shown"))
        return frame.with_columns(numbers(frame[name]).alias(name) for name in ("@count", "@memory"))

    def _from_machine(self, frame: pl.DataFrame, gpu: GpuColumns) -> pl.DataFrame:
        """The GPU behind a type of machine; a type that is not known is a finding, and has no GPU here."""
        kind = say.needs(self.columns, gpu.instance_type, f"{self.where}.gpu.instance_type")
        machines = self.lookups[gpu.machines]
        types = frame.get_column(kind).drop_nulls().unique(maintain_order=True).to_list()
        rows = [{"@type": name, **machines[name]} for name in types if name in machines]
        known = pl.DataFrame(rows, schema=_MACHINE)
        shown = frame.get_column(kind).drop_nulls()
        self._note("unknown_instance_type", shown.filter(~shown.is_in(known["@type"].to_list())))
        return frame.join(known, left_on=kind, right_on="@type", how="left", maintain_order="left")

    def _named(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the GPU's columns as the catalogue has them; an unknown name is kept as shown."""
        named = gpus(frame.select("@gpu", "@memory", "@form"), self.findings)
        frame = frame.with_columns(named.rename(lambda name: f"={name}"))
        frame = frame.with_columns(pl.col("@shown").alias("=gpu_as_shown"))
        return self._as_its_table_has_it(frame)

    def _as_its_table_has_it(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self.rows.table == "observations":
            known = pl.when("=gpu_is_known").then(pl.col("=gpu_model"))
            return frame.with_columns(
                known.alias("=gpu_model"), pl.col("=gpu_as_shown").alias("=gpu_as_stated")
            )
        frame = frame.with_columns(_whole(frame["@count"]).alias("=gpu_count"))
        if self.rows.table == "offers":
            # How many GPUs there are is a part of saying which: without it a price is of none in particular.
            named = pl.when(pl.col("=gpu_count").is_not_null())
            frame = frame.with_columns(named.then(pl.col(f"={name}")).alias(f"={name}") for name in GPU)
            has_model = pl.col("=gpu_model").is_not_null()
            frame = frame.with_columns(
                pl.when(has_model).then(pl.col("=gpu_count")).alias("=gpu_count"),
            )
        return frame


def _whole(values: pl.Series) -> pl.Series:
    """Whole numbers as such; null for any other, and for those beyond 64 bits."""
    number = pl.col(values.name)
    whole = pl.when(number == number.floor()).then(number).cast(pl.Int64, strict=False)
    return values.to_frame().select(whole).to_series()
