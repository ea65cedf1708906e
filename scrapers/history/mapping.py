"""Mappings: TOML files that declare how a public price history is parsed.

Mappings that are shipped stand in scrapers/history/mappings; anyone can write another. A mapping holds no
data. docs/history.md explains every key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from warehouse.errors import GpuledgerError
from warehouse.schema import BY_NAME, PRICING_MODELS

# Columns that the importer fills in; no mapping may.
OURS: Final = frozenset({"slot", "run_id", "source", "capture_id", "parser_version", "observed_at"})


class MappingError(GpuledgerError):
    """A mapping is wrong, or does not fit the file; the message names the key and what to mend."""


def _is_pattern(text: str) -> str:
    """Let pass what polars takes for a regular expression, and nothing at all."""
    try:
        pl.Series([""]).str.contains(text or "x")
    except pl.exceptions.ComputeError as problem:
        raise ValueError(f"{text!r} is not a pattern: {problem}") from problem
    return text


def _is_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError) as problem:
        raise ValueError(f"{text!r} is not a time zone") from problem
    return text


Pattern = Annotated[str, AfterValidator(_is_pattern)]


def _package(name: str) -> Path:
    return Path(str(resources.files(name)))


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Origin(_Part):
    """Whose data it is, and what its rows are.

    `rows_are` is snapshots (a row states what stood at its moment) or changes (a row stands until the next
    one of its key). `standing` says of marks that a data set puts on rows it has not seen itself
    ("estimated") what they are; rows with another mark are refused.
    """

    title: str
    publisher: str
    licence: str
    licence_url: str = ""
    attribution: str = ""
    url: str
    obtain: str
    rows_are: Literal["snapshots", "changes"]
    note: str = ""
    standing: dict[str, str] = {}


class File(_Part):
    """How records lie in the file.

    `names` gives a CSV without a header its columns. `trees` are the ways to the records of JSON and YAML:
    each step is a key, "[]" for every item of a list, or "{name}" for every key of an object, which becomes
    the column `name`; with `either`, only the first tree that leads anywhere counts. Every record has the
    plain values that it passed on its way. `optional` are columns that a file may lack, and `ignored` those
    that are of no use here.
    """

    names: tuple[str, ...] = ()
    separator: str = ","
    trees: tuple[tuple[str, ...], ...] = ((),)
    either: bool = False
    optional: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


class Time(_Part):
    """When a row was true.

    `columns` are joined with a space; where the file has none of them, the moment is what the user gives.
    `zone` holds for moments that state none. `seconds` names columns whose product is added. `cadence` says
    what a snapshot is: stamped (rows of one moment), hourly or daily. `seen` is the column of the moment at
    which a row was fetched, if that is another.
    """

    columns: tuple[str, ...] = ()
    constant: str = ""
    formats: tuple[str, ...] = ()
    zone: Annotated[str, AfterValidator(_is_zone)] = "UTC"
    seconds: tuple[str, ...] = ()
    cadence: Literal["stamped", "hourly", "daily"]
    seen: str = ""


class Derived(_Part):
    """A column made of another: the first group of a pattern, a JSON path, or a word looked up."""

    of: str
    pattern: Pattern = ""
    json_path: str = Field("", alias="json")
    words: str = ""


class Value(_Part):
    """What fills a column: a column of the file or one that is derived, or a constant.

    `words` names a lookup; a word that it lacks is kept as shown and becomes a finding, or, with `strict`,
    is left out. `blank` stands where the file says nothing.
    """

    column: str = ""
    constant: str = ""
    words: str = ""
    strict: bool = False
    blank: str = ""

    @model_validator(mode="after")
    def _one_of_two(self) -> Value:
        if bool(self.column) == bool(self.constant):
            raise ValueError("give `column` or `constant`")
        return self


Given = Annotated[str | Value, Field(union_mode="left_to_right")]


class Check(_Part):
    """What a value must be for a condition: all that is given must hold."""

    one_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    matches: Pattern = ""
    blank: bool | None = None
    before: str = ""
    earlier_day_than: str = ""


Condition = dict[str, str | Check]


class Rule(_Part):
    """Rows to leave out or to refuse, and why."""

    when: Condition
    why: str


class GpuColumns(_Part):
    """Which GPU a row is about: a name as shown, or a machine type to look up (`machines`)."""

    name: Given | None = None
    machines: str = ""
    instance_type: str = ""
    count: Given | None = None
    memory_gib: Given | None = None
    form_factor: Given | None = None

    @model_validator(mode="after")
    def _name_or_machine(self) -> GpuColumns:
        if bool(self.machines) == (self.name is not None) or bool(self.machines) != bool(self.instance_type):
            raise ValueError("give `name`, or `machines` with the column `instance_type`")
        return self


class PriceColumn(_Part):
    """A column of prices: what they are for, and what stands there where there is none.

    `blank` says what the texts of `blanks` (and an empty cell) mean: the price is missing, the thing was
    unavailable, or the price of the row before still holds (in a data set of changes only). `free` are words
    for a price of nothing. `label` tells apart prices that share their row and pricing model.
    """

    column: str
    per: Literal["gpu", "machine"]
    period: Literal["hour", "month", "minute", "second"] = "hour"
    pricing_model: Given
    currency: str
    decimal: Literal[".", ","] = "."
    blank: Literal["missing", "unavailable", "carried forward"]
    blanks: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    label: str = ""


class Rows(_Part):
    """Rows of one table: which records they are (`when`), what they are called (`key`), what they hold."""

    table: Literal["offers", "observations", "price_statistics"]
    when: Condition = {}
    key: tuple[str, ...] = ()
    gpu: GpuColumns | None = None
    columns: dict[str, Given] = {}
    prices: tuple[PriceColumn, ...] = ()

    @model_validator(mode="after")
    def _fits_its_table(self) -> Rows:
        known = BY_NAME[self.table].by_name.keys() - OURS
        if unknown := self.columns.keys() - known:
            raise ValueError(f"{self.table} has no column {', '.join(sorted(unknown))} to fill")
        if self.prices and self.table != "offers":
            raise ValueError("`prices` belong to offers")
        if self.table == "offers" and not self.prices and "pricing_model" not in self.columns:
            raise ValueError("offers have `prices`, or `pricing_model` among `columns`")
        if self.table != "observations" and not (self.key and "provider" in self.columns):
            raise ValueError("give the columns of `key`, and `provider` among `columns`")
        for price in self.prices:
            model = price.pricing_model
            if isinstance(model, str) and model not in PRICING_MODELS:
                models = ", ".join(PRICING_MODELS)
                raise ValueError(
                    f"pricing_model {model!r} is not one of {models}; a column is {{ column = ... }}"
                )
        return self


class Mapping(_Part):
    """A mapping as it stands in its file.

    `parts` are the files that a data set comes in where they do not name their provider: the words of each
    stand in for columns of the file.
    """

    name: str
    origin: Origin
    file: File = File()
    time: Time
    parts: dict[str, dict[str, str]] = {}
    words: dict[str, dict[str, str]] = {}
    derive: dict[str, Derived] = {}
    outside: tuple[Rule, ...] = ()
    refuse: tuple[Rule, ...] = ()
    rows: tuple[Rows, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _hangs_together(self) -> Mapping:
        if absent := {name for name in self._asked() if "/" not in name} - self.words.keys():
            raise ValueError(f"there is no [words.{min(absent)}]")
        for rows in self.rows:
            carried = any(price.blank == "carried forward" for price in rows.prices)
            if carried and self.origin.rows_are != "changes":
                raise ValueError("a blank can only be carried forward in a data set of changes")
            if self.origin.standing and "standing" not in BY_NAME[rows.table].by_name:
                raise ValueError(f"rows of {rows.table} are as seen: `standing` has no place there")
        return self

    @property
    def body(self) -> bytes:
        """The mapping with all that it is like, as JSON: what is archived beside the file it has read."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True).encode()

    @cached_property
    def version(self) -> str:
        """Digest of the mapping, of the code that parses and validates with it and of the GPU catalogue."""
        digest = hashlib.sha256(self.body)
        here = Path(__file__).parent
        page = here.parent / "page"
        shared = {page / f"{name}.py" for name in ("lookups", "money", "record")}
        expectations = {_package("expectations") / f"{name}.py" for name in ("compiler", "suites")}
        warehouse = {_package("warehouse") / name for name in ("gpu_catalog.py", "gpus.toml")}
        for file in sorted({*here.glob("*.py"), *shared, *expectations, *warehouse} - {here / "facts.py"}):
            digest.update(file.read_bytes())
        return digest.hexdigest()[:12]

    @property
    def columns_read(self) -> frozenset[str]:
        """Every column, of the file or derived, that the mapping reads."""
        names = [*self.time.columns, *self.time.seconds, self.time.seen]
        names += [derived.of for derived in self.derive.values()]
        conditions = [rule.when for rule in (*self.outside, *self.refuse)]
        for rows in self.rows:
            conditions.append(rows.when)
            names += [*rows.key, *(price.column for price in rows.prices)]
            values = [*rows.columns.values(), *(price.pricing_model for price in rows.prices)]
            if rows.gpu:
                gpu = rows.gpu
                names.append(gpu.instance_type)
                values += [given for given in (gpu.name, gpu.count, gpu.memory_gib, gpu.form_factor) if given]
            names += [value if isinstance(value, str) else value.column for value in values]
        for when in conditions:
            names += when
            names += [check.earlier_day_than for check in when.values() if isinstance(check, Check)]
        return frozenset(names)

    @property
    def lookups(self) -> frozenset[str]:
        """Lookups of providers' folders that the mapping asks for: "aws/regions.country"."""
        return frozenset(name for name in self._asked() if "/" in name)

    def _asked(self) -> Iterator[str]:
        """The names of all lookups that the mapping uses."""
        yield from (derived.words for derived in self.derive.values() if derived.words)
        for rows in self.rows:
            values = [*rows.columns.values(), *(price.pricing_model for price in rows.prices)]
            if rows.gpu:
                gpu = rows.gpu
                values += [given for given in (gpu.name, gpu.count, gpu.memory_gib, gpu.form_factor) if given]
                yield from filter(None, [gpu.machines])
            yield from (value.words for value in values if isinstance(value, Value) and value.words)
