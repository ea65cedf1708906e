"""The columns that a mapping fills: words looked up, numbers read, GPUs named as the ledger names them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from scrapers.history import expressions as say
from scrapers.history.expressions import Lookups
from scrapers.history.mapping import Given, GpuColumns, Rows, Value
from warehouse.gpu_catalog import gpu_by_alias
from warehouse.schema import BY_NAME, Column

_TRUE: Final = ("true", "yes", "1")
_FALSE: Final = ("false", "no", "0")
_UNKNOWN: Final = {"region": "unknown_region", "country": "unknown_region"}
_DEFAULTS: Final = {
    "offers": {"availability": "unknown", "currency": "USD"},
    "observations": {"state": "present", "currency": "USD"},
    "price_statistics": {},
}
_GPU: Final = pl.Schema(
    {
        "gpu_model": pl.String,
        "gpu_is_known": pl.Boolean,
        "gpu_form_factor": pl.String,
        "gpu_memory_gib": pl.Float64,
    }
)
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
        unknown = frame.filter(pl.col(name).is_not_null() & ~pl.col(name).is_in(meant))
        for shown, times in unknown[name].value_counts(name="times").rows():
            self.findings[kind, shown] += times
        column = pl.col(name)
        found = column.replace_strict(dict(words), default=None, return_dtype=pl.String)
        return frame.with_columns((found if strict else pl.coalesce(found, column)).alias(name))

    def _typed(self, frame: pl.DataFrame, column: Column, name: str) -> pl.DataFrame:
        text = pl.col(name)
        if column.kind in {"number", "integer"}:
            value = say.amount(text)
            if column.kind == "integer":
                value = pl.when(value == value.floor()).then(value).cast(pl.Int64)
        elif column.kind == "flag":
            lower = text.str.to_lowercase()
            value = pl.when(lower.is_in(_TRUE)).then(True).when(lower.is_in(_FALSE)).then(False)
        else:
            return frame
        frame = frame.with_columns(value.alias("@value"))
        unread = frame.filter(pl.col("@value").is_null() & text.is_not_null())
        for shown, times in unread[name].value_counts(name="times").rows():
            self.findings["unknown_word", f"{column.name}: {shown}"] += times
        return frame.with_columns(pl.col("@value").alias(name)).drop("@value")

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
        return frame.with_columns(say.amount(pl.col("@count")), say.amount(pl.col("@memory")))

    def _from_machine(self, frame: pl.DataFrame, gpu: GpuColumns) -> pl.DataFrame:
        """The GPU behind a type of machine; a type that is not known is a finding, and has no GPU here."""
        kind = say.needs(self.columns, gpu.instance_type, f"{self.where}.gpu.instance_type")
        machines = self.lookups[gpu.machines]
        types = frame.get_column(kind).drop_nulls().unique(maintain_order=True).to_list()
        rows = [{"@type": name, **machines[name]} for name in types if name in machines]
        known = pl.DataFrame(rows, schema=_MACHINE)
        for shown, times in frame.get_column(kind).drop_nulls().value_counts(name="times").rows():
            if shown not in machines:
                self.findings["unknown_instance_type", shown] += times
        return frame.join(known, left_on=kind, right_on="@type", how="left", maintain_order="left")

    def _named(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the GPU's columns as the catalogue has them; an unknown name is kept as shown."""
        by = ["@gpu", "@memory", "@form"]
        distinct = frame.select(by).unique(maintain_order=True)
        named = pl.DataFrame([_gpu(*row) for row in distinct.rows()], schema=_GPU)
        unknown = named.filter(~pl.col("gpu_is_known"))["gpu_model"].unique(maintain_order=True)
        for name in unknown.drop_nulls():
            self.findings["unknown_gpu", name] = frame.filter(pl.col("@gpu") == name).height
        both = pl.concat([distinct, named.rename(lambda name: f"={name}")], how="horizontal")
        frame = frame.join(both, on=by, how="left", nulls_equal=True, maintain_order="left")
        frame = frame.with_columns(pl.col("@shown").alias("=gpu_as_shown"))
        return self._as_its_table_has_it(frame)

    def _as_its_table_has_it(self, frame: pl.DataFrame) -> pl.DataFrame:
        count = pl.col("@count")
        whole = pl.when(count == count.floor()).then(count).cast(pl.Int64)
        if self.rows.table == "observations":
            known = pl.when("=gpu_is_known").then(pl.col("=gpu_model"))
            return frame.with_columns(
                known.alias("=gpu_model"), pl.col("=gpu_as_shown").alias("=gpu_as_stated")
            )
        frame = frame.with_columns(whole.alias("=gpu_count"))
        if self.rows.table == "offers":
            # How many GPUs there are is a part of saying which: without it a price is of none in particular.
            named = pl.when(pl.col("=gpu_count").is_not_null())
            frame = frame.with_columns(named.then(pl.col(f"={name}")).alias(f"={name}") for name in _GPU)
            has_model = pl.col("=gpu_model").is_not_null()
            frame = frame.with_columns(
                pl.when(has_model).then(pl.col("=gpu_count")).alias("=gpu_count"),
            )
        return frame


def _gpu(shown: str | None, memory_gib: float | None, form_factor: str | None) -> dict[str, Any]:
    if shown is None:
        return dict.fromkeys(_GPU)
    entry = gpu_by_alias(shown)
    if entry is None:
        return {
            "gpu_model": shown,
            "gpu_is_known": False,
            "gpu_form_factor": form_factor,
            "gpu_memory_gib": memory_gib,
        }
    return {
        "gpu_model": entry.model,
        "gpu_is_known": True,
        "gpu_form_factor": form_factor or entry.form_factor,
        # A size that no variant has is kept as stated.
        "gpu_memory_gib": entry.nominal_memory(memory_gib) or memory_gib,
    }
