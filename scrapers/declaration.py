"""Declarations: the schema of provider.toml, with a check for every field."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from scrapers.page import FetchRequest
from scrapers.slots import Cadence
from scrapers.table_declaration import PriceTableDeclared
from warehouse.errors import GpuledgerError
from warehouse.schema import FACT_TABLES

FormatName = Literal[
    "json_api", "xml_api", "html_table", "price_table", "rendered_page", "liveness", "yaml_file"
]


class DeclarationError(GpuledgerError):
    """A provider.toml is wrong; the message names the file and what to mend."""


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RequestDeclared(_Declared):
    """A request as declared; see scrapers.page.FetchRequest. `{slot}` in the address is the slot."""

    url: str
    label: str = ""
    json_body: dict[str, Any] | None = Field(default=None, alias="json")
    headers: dict[str, str] = {}
    wait_for: str = ""

    def request(self, slot: datetime | None = None) -> FetchRequest:
        """The request that a crawl sends for a slot."""
        url = self.url if slot is None else self.url.replace("{slot}", f"{slot:%Y-%m-%dT%H:%M:%SZ}")
        return FetchRequest(url, self.label, self.json_body, self.headers, self.wait_for)


class GoodNight(_Declared):
    """What a good night of one table looks like.

    Under `rows_at_least`, without one of `must_have` (column -> values), or under
    `share_of_last_good_at_least` of the last good night's rows the snapshot is held back; above
    `rows_warn_above` an incident asks a person to look.
    """

    rows_at_least: int = Field(ge=1)
    rows_warn_above: int | None = None
    share_of_last_good_at_least: float = Field(default=0.5, ge=0, le=1)
    must_have: dict[str, list[str]] = {}


class DemoNight(_Declared):
    """How many rows of one table the demo simulates: limits in place of those of the real source."""

    rows_at_least: int = Field(ge=1)
    rows_warn_above: int | None = None


class CredentialDeclared(_Declared):
    """What a source asks its key in: `header: prefix + value of the environment variable`.

    `signing` names what signs each request instead, with the key and the secret of two variables.
    """

    variable: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    secret: str = Field(default="", pattern=r"^([A-Z][A-Z0-9_]*)?$")
    header: str = "Authorization"
    prefix: str = "Bearer "
    signing: Literal["", "aws"] = ""

    @model_validator(mode="after")
    def _a_signature_has_a_secret(self) -> CredentialDeclared:
        if bool(self.signing) != bool(self.secret):
            raise ValueError("signing needs the variable of a secret, and nothing else does")
        return self


class SourceDeclared(_Declared):
    """One source: how it is asked, how often, and what a good night of it looks like.

    A source of format liveness needs no `good`; `words` are those that its page must show, all of them,
    before the provider counts as back. One with a `credential` is due only where the variable is set. `hosts`
    are further hosts of the provider that its answers may come from without being a finding. `table` is
    what a source of format price_table reads. `demo` are the limits of simulated nights, where the simulation
    is much smaller than the source.
    """

    title: str
    # `shape` and `ask` are former names of two keys, which an installation's own declarations may still use.
    format: FormatName = Field(validation_alias=AliasChoices("format", "shape"))
    cadence: Cadence = "nightly"
    timeout_seconds: int = Field(default=300, ge=1)
    delay_seconds: float = Field(default=1.0, ge=0)
    requests: list[RequestDeclared] = Field(validation_alias=AliasChoices("request", "ask"), min_length=1)
    good: dict[str, GoodNight] = {}
    demo: dict[str, DemoNight] = {}
    evidence_url: str = ""
    credential: CredentialDeclared | None = None
    words: list[str] = []
    hosts: list[str] = []
    table: PriceTableDeclared | None = None

    @model_validator(mode="before")
    @classmethod
    def _liveness_is_one_term(cls, declared: dict[str, Any]) -> dict[str, Any]:
        if "liveness" in (declared.get("format"), declared.get("shape")):
            return {"good": {"terms": {"rows_at_least": 1}}} | declared
        return declared

    @model_validator(mode="after")
    def _liveness_has_words(self) -> SourceDeclared:
        if (self.format == "liveness") != bool(self.words):
            raise ValueError("words are those of a source of format liveness, which needs some")
        return self

    @model_validator(mode="after")
    def _price_table_has_a_table(self) -> SourceDeclared:
        if (self.format == "price_table") != (self.table is not None):
            raise ValueError("table is that of a source of format price_table, which needs one")
        return self

    @model_validator(mode="after")
    def _a_key_has_no_browser(self) -> SourceDeclared:
        """A browser follows redirects by itself, and would send the key along."""
        if self.credential and self.format == "rendered_page":
            raise ValueError("a source with a credential is asked without a browser, so not as rendered_page")
        return self

    @model_validator(mode="after")
    def _tables_exist(self) -> SourceDeclared:
        unknown = self.good.keys() - set(FACT_TABLES)
        if unknown or not self.good:
            raise ValueError(f"good must name tables of {', '.join(FACT_TABLES)}")
        if more := self.demo.keys() - self.good.keys():
            raise ValueError(f"demo names tables that good does not: {', '.join(sorted(more))}")
        return self

    def limits(self, *, simulated: bool) -> dict[str, GoodNight]:
        """What a good night of each table looks like, of the real source or of the demo's."""
        demo = self.demo if simulated else {}
        return {
            table: good.model_copy(update=demo[table].model_dump()) if table in demo else good
            for table, good in self.good.items()
        }


class ProviderDeclared(_Declared):
    """Who a provider is, and its sources.

    One that is gone or renamed says since when, as exactly as is known (YYYY, YYYY-MM or YYYY-MM-DD), what
    happened in words, and where that stands. `shares` are other providers whose words and code its pages use.
    """

    title: str
    kind: Literal["marketplace", "cloud", "notebook"]
    status: Literal["active", "gone", "renamed", "unknown"]
    homepage: str
    enabled: bool = True
    why_disabled: str = ""
    since: str = Field(default="", pattern=r"^(\d{4}(-\d{2}(-\d{2})?)?)?$")
    what_happened: str = ""
    evidence: list[str] = []
    shares: list[str] = []
    sources: dict[str, SourceDeclared] = Field(alias="source", default={})

    @model_validator(mode="after")
    def _disabled_says_why(self) -> ProviderDeclared:
        if not self.enabled and not self.why_disabled:
            raise ValueError("a provider that is off says why_disabled")
        return self

    @model_validator(mode="after")
    def _an_end_has_evidence(self) -> ProviderDeclared:
        if self.status != "active" and not (self.what_happened and self.evidence):
            raise ValueError(f"a provider that is {self.status} says what_happened, with evidence")
        return self
