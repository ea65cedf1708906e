"""The declaration of a price table: `[source.<name>.table]` in provider.toml.

    [source.machines.table]
    ignored = ["Description"]
    left_out = { "GPU" = "-" }                       # rows without a GPU are out of scope
    pricing_models = { "Spot prices" = "spot" }      # words of the heading above a table

    [source.machines.table.columns]
    "Machine" = { column = "instance_type" }
    "GPU" = { column = "gpu_as_shown", pattern = '(?P<gpu_count>[0-9]+)x (?P<gpu_as_shown>.+)' }
    "RAM" = { column = "ram_gib", unit = "GB" }
    "Price" = { column = "usd_per_hour", unit = "hour", pricing_model = "on_demand", currency = "USD" }

A pattern matches a whole cell; a named group of it gives the column of its name, in place of the cell's own
text where that is the cell's column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from warehouse.schema import PRICING_MODELS

ColumnName = Literal[
    "instance_type",
    "gpu_as_shown",
    "gpu_count",
    "gpu_memory_gib",
    "vcpus",
    "ram_gib",
    "disk_gib",
    "region",
    "usd_per_hour",
    "usd_per_gpu_hour",
]
PRICES: Final = frozenset({"usd_per_hour", "usd_per_gpu_hour"})
SIZES: Final = frozenset({"gpu_memory_gib", "ram_gib", "disk_gib"})
HOURS: Final = {"second": "1/3600", "minute": "1/60", "hour": "1", "day": "24"}
"""Hours in the unit that a price is for."""
_UNITS_OF_SIZE: Final = frozenset({"GB", "GiB", "MB", "MiB", "TB", "TiB"})


def _is_declared(pricing_model: str) -> str:
    if pricing_model not in PRICING_MODELS:
        raise ValueError(f"a pricing model is one of {', '.join(PRICING_MODELS)}")
    return pricing_model


PricingModel = Annotated[str, AfterValidator(_is_declared)]


class _TablePart(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DeclaredColumn(_TablePart):
    """What the cells below one header hold, as a column of the table offers.

    `unit` is the time that a price is for (an hour by default), or the unit of a size whose cells are bare
    numbers. `currency` is that of prices without a sign, and the only one that a price may name; prices in
    another currency than USD are kept as shown, with usd_per_hour unknown. `not_stated` are the cells that
    say that no price is stated. `of_all_gpus` is for GPU memory that is added up over a machine's GPUs.
    """

    column: ColumnName
    unit: str = ""
    pricing_model: PricingModel | None = None
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    pattern: str = ""
    not_stated: list[str] = []
    of_all_gpus: bool = False

    @property
    def gives(self) -> frozenset[str]:
        """The columns that a cell gives."""
        return frozenset({self.column, *re.compile(self.pattern).groupindex})

    @model_validator(mode="after")
    def _pattern_names_columns(self) -> DeclaredColumn:
        try:
            groups = re.compile(self.pattern).groupindex.keys()
        except re.error as problem:
            raise ValueError(f"pattern is not a regular expression: {problem}") from None
        if unknown := groups - set(get_args(ColumnName)) | (groups & PRICES):
            raise ValueError(
                f"pattern has groups that cannot be read as columns: {', '.join(sorted(unknown))}"
            )
        return self

    @model_validator(mode="after")
    def _unit_fits(self) -> DeclaredColumn:
        known = set(HOURS) if self.column in PRICES else _UNITS_OF_SIZE if self.column in SIZES else set()
        if self.unit and self.unit not in known:
            raise ValueError(f"unit of {self.column} is {' or '.join(sorted(known)) or 'not needed'}")
        return self

    @model_validator(mode="after")
    def _only_prices_are_sold(self) -> DeclaredColumn:
        if self.column not in PRICES and (self.pricing_model or self.not_stated):
            raise ValueError(f"pricing_model and not_stated are for prices, not for {self.column}")
        return self


class PriceTableDeclared(_TablePart):
    """The tables of a page that list prices.

    A table is read where it has every header of `columns` and, where there are `pricing_models`, the words of
    one in the heading above it; without them every table is. `ignored` are headers that no column needs;
    `left_out` are rows that are out of scope: header -> pattern of the whole cell.
    """

    columns: dict[str, DeclaredColumn] = Field(min_length=1)
    pricing_models: dict[str, PricingModel] = {}
    ignored: list[str] = []
    left_out: dict[str, str] = {}

    @property
    def prices(self) -> Iterator[tuple[str, DeclaredColumn]]:
        """The columns that are prices, by header."""
        return ((header, column) for header, column in self.columns.items() if column.column in PRICES)

    @model_validator(mode="after")
    def _has_gpus_and_prices(self) -> PriceTableDeclared:
        given = {name for column in self.columns.values() for name in column.gives}
        if "gpu_as_shown" not in given or not given & PRICES:
            raise ValueError("columns must give gpu_as_shown, and usd_per_hour or usd_per_gpu_hour")
        return self

    @model_validator(mode="after")
    def _each_price_is_sold_in_one_way(self) -> PriceTableDeclared:
        models = [column.pricing_model for _, column in self.prices]
        if self.pricing_models and any(models):
            raise ValueError("pricing_model is told by the heading or by the column, not by both")
        if (len(models) > 1 or not self.pricing_models) and not all(models):
            raise ValueError("each price needs a pricing_model, or the table pricing_models by heading")
        if len(set(models)) < len(models):
            raise ValueError("two prices of a row need two pricing models")
        return self

    @model_validator(mode="after")
    def _left_out_is_by_pattern(self) -> PriceTableDeclared:
        for header, pattern in self.left_out.items():
            if header not in {*self.columns, *self.ignored}:
                raise ValueError(f"left_out names {header!r}, which is not among columns or ignored")
            try:
                re.compile(pattern)
            except re.error as problem:
                raise ValueError(f"left_out of {header!r} is not a regular expression: {problem}") from None
        return self
