"""Alert rules of config.toml."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator, model_validator

from warehouse.gpu_catalog import models
from warehouse.schema import FORM_FACTORS, PRICING_MODELS


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def parameters(self) -> dict[str, Any]:
        """The parameters of the rule's SQL query."""
        return self.model_dump(exclude={"on"})


class _OfGpu(_Rule):
    gpu: str
    form_factor: str | None = None
    pricing_model: str = "on_demand"
    provider: str | None = None

    @field_validator("gpu")
    @classmethod
    def _known_gpu(cls, name: str) -> str:
        if name not in models():
            raise ValueError(f"no GPU is called {name!r}; `gpuledger sql` knows the names as gpu_model")
        return name

    @field_validator("form_factor")
    @classmethod
    def _known_form_factor(cls, name: str | None) -> str | None:
        if name is not None and name not in FORM_FACTORS:
            raise ValueError(f"{name!r} is none of {', '.join(FORM_FACTORS)}")
        return name

    @field_validator("pricing_model")
    @classmethod
    def _known_pricing_model(cls, name: str) -> str:
        if name not in PRICING_MODELS:
            raise ValueError(f"{name!r} is none of {', '.join(PRICING_MODELS)}")
        return name

    @property
    def thing(self) -> str:
        """What is watched, in words: H100 SXM on demand at aws."""
        named = " ".join(filter(None, (self.gpu, self.form_factor, self.pricing_model.replace("_", " "))))
        return f"{named} at {self.provider}" if self.provider else named


class PriceRule(_OfGpu):
    """The cheapest GPU-hour of a GPU is under, or over, a price in USD."""

    on: Literal["price"]
    under: float | None = Field(None, gt=0)
    over: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        if (self.under is None) == (self.over is None):
            raise ValueError("a price rule has either `under` or `over`")
        return self

    def __str__(self) -> str:
        side = f"under ${self.under:g}" if self.under is not None else f"over ${self.over:g}"
        return f"{self.thing} {side} a GPU-hour"


class DropRule(_OfGpu):
    """The median price of a GPU at a provider has fallen by a share, in per cent, within some days."""

    on: Literal["drop"]
    percent: float = Field(gt=0, lt=100)
    days: int = Field(7, ge=1, le=365)

    def __str__(self) -> str:
        return f"{self.thing} down by {self.percent:g} % in {self.days} days"


class FreeTierRule(_Rule):
    """A free tier or the limits of a plan have changed."""

    on: Literal["free_tier"]
    provider: str | None = None

    def __str__(self) -> str:
        return f"a change of the free tier of {self.provider}" if self.provider else "a change of a free tier"


class SourceFailedRule(_Rule):
    """A source fails and has had no good snapshot for some slots of its own cadence, nights or hours.

    `nights` is the former name of `slots`.
    """

    on: Literal["source_failed"]
    slots: int = Field(2, ge=1, validation_alias=AliasChoices("slots", "nights"))
    source: str | None = None

    def __str__(self) -> str:
        return f"{self.source or 'a source'} without a good snapshot for {self.slots} slots"


class IncidentRule(_Rule):
    """The detector or the gate noticed something."""

    on: Literal["incident"]
    severity: Literal["error", "warning"] | None = None
    source: str | None = None

    def __str__(self) -> str:
        kind = f"an incident of severity {self.severity}" if self.severity else "an incident"
        return f"{kind} of {self.source}" if self.source else kind


class RunFailedRule(_Rule):
    """A run could not start, failed or was killed; the run itself notifies, without a ledger."""

    on: Literal["run_failed"]
    flow: Literal["nightly", "market", "replay", "compact"] | None = None

    def __str__(self) -> str:
        return f"a {self.flow} run that fails" if self.flow else "a run that fails"


Rule = Annotated[
    PriceRule | DropRule | FreeTierRule | SourceFailedRule | IncidentRule | RunFailedRule,
    Field(discriminator="on"),
]
