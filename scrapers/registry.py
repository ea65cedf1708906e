"""The registry: declarations under scrapers/providers, loaded and checked.

A provider is a folder: provider.toml says who it is, what is asked, how often, and what a good
night looks like; page.py has one pure function for each source, named like it.

The providers of an installation are a value, a Registry: those shipped, and those of its own folder. Keys are
never part of it; whoever needs one gives the environment that it is in.

The module is long because a declaration is one schema: every field stands here with its check.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator

from scrapers import providers as _package
from scrapers.archive.redaction import redacted_headers, redacted_url
from scrapers.crawl.auth import AWS_SESSION_TOKEN, aws_signature
from scrapers.page import FetchRequest
from scrapers.slots import Cadence
from scrapers.table_declaration import PriceTableDeclared
from scrapers.url_origin import Origin, origin_of
from warehouse.errors import GpuledgerError
from warehouse.schema import FACT_TABLES

PROVIDERS = Path(str(resources.files("scrapers"))) / "providers"
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


class Source:
    """One source of a provider: its declaration, its ids, and the folder of providers that it is in.

    `shares` are the providers whose words and code its page uses too.
    """

    def __init__(
        self,
        provider: str,
        name: str,
        declared: SourceDeclared,
        *,
        root: Path = PROVIDERS,
        shares: tuple[str, ...] = (),
    ) -> None:
        self.provider = provider
        self.name = name
        self.declared = declared
        self.root = root
        self.shares = shares

    def __repr__(self) -> str:
        return f"Source({self.id})"

    @property
    def id(self) -> str:
        """provider.source, the value of every `source` column."""
        return f"{self.provider}.{self.name}"

    @property
    def requests(self) -> list[FetchRequest]:
        """The requests that a fetch of the source begins with, as declared."""
        return [declared.request() for declared in self.declared.requests]

    def requests_for(self, slot: datetime) -> list[FetchRequest]:
        """The requests that a fetch of one slot begins with."""
        return [declared.request(slot) for declared in self.declared.requests]

    @property
    def origins(self) -> frozenset[Origin]:
        """Where the source is declared to be asked; the only places that its key is sent to."""
        return frozenset(origin_of(request.url) for request in self.requests)

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts whose answers are the source's own."""
        asked = {urlsplit(request.url).hostname or "" for request in self.requests}
        return frozenset(asked | {host.lower() for host in self.declared.hosts})

    def has_key(self, request: FetchRequest) -> bool:
        """Whether a request of the source bears a key: a credential, or one spelled out in the request."""
        headers = list(request.headers.items())
        spelled_out = redacted_url(request.url) != request.url or redacted_headers(headers) != headers
        return self.declared.credential is not None or spelled_out

    @property
    def browser(self) -> bool:
        """Whether the source needs a browser."""
        return self.declared.format == "rendered_page"

    def missing_credential(self, environment: Mapping[str, str]) -> str | None:
        """The variable that the source needs and that the environment lacks, if there is one."""
        credential = self.declared.credential
        variables = (credential.variable, credential.secret) if credential else ()
        return next((name for name in variables if name and not environment.get(name)), None)

    def credential_headers(self, url: str, environment: Mapping[str, str]) -> dict[str, str]:
        """The headers that carry the source's key, taken from the environment, to `url`; never to be logged.

        None for a source without a key, and none to an origin that the source does not declare.
        """
        credential = self.declared.credential
        if credential is None or origin_of(url) not in self.origins:
            return {}
        key = environment.get(credential.variable, "")
        if credential.signing:
            secret, token = environment.get(credential.secret, ""), environment.get(AWS_SESSION_TOKEN)
            return aws_signature(url, key, secret, token)
        return {credential.header: credential.prefix + key}

    @property
    def parser_version(self) -> str:
        """Digest of the code, lookups and declaration that read this source's captures."""
        return _parser_version(self.root, self.provider, self.shares)


class Provider:
    """A provider with its sources, in declared order; `root` is the folder of providers that it is in."""

    def __init__(self, provider_id: str, declared: ProviderDeclared, *, root: Path = PROVIDERS) -> None:
        self.id = provider_id
        self.declared = declared
        self.root = root
        shares = tuple(declared.shares)
        self.sources = {
            name: Source(provider_id, name, source, root=root, shares=shares)
            for name, source in declared.sources.items()
        }


@dataclass(frozen=True)
class Registry:
    """The providers of one installation by id, in alphabetical order."""

    providers: Mapping[str, Provider]

    @property
    def hourly(self) -> frozenset[str]:
        """The ids of the sources that have a slot every hour."""
        found = (source for provider in self.providers.values() for source in provider.sources.values())
        return frozenset(source.id for source in found if source.declared.cadence == "hourly")

    def sources(self, only: Iterable[str] = (), *, enable: Iterable[str] = ()) -> list[Source]:
        """Every source of an enabled provider, or those named (a provider's id or a source's).

        `enable` are ids of providers to count as enabled. A source named outright is returned even when its
        provider is off. Raises DeclarationError for a name that nothing has.
        """
        wanted, enabled = list(only), set(enable)
        if unknown := enabled - self.providers.keys():
            raise DeclarationError(f"no provider is called {', '.join(map(repr, sorted(unknown)))}")
        found = [source for provider in self.providers.values() for source in provider.sources.values()]
        if not wanted:
            enabled |= {provider.id for provider in self.providers.values() if provider.declared.enabled}
            return [source for source in found if source.provider in enabled]
        for name in wanted:
            if not any(name in {source.id, source.provider} for source in found):
                raise DeclarationError(f"no source or provider is called {name!r}")
        return [source for source in found if source.id in wanted or source.provider in wanted]

    def source(self, source_id: str) -> Source:
        """The source of this id; raises DeclarationError."""
        provider, _, name = source_id.partition(".")
        try:
            return self.providers[provider].sources[name]
        except KeyError:
            raise DeclarationError(f"no source is called {source_id!r}") from None

    def credentials(self, environment: Mapping[str, str]) -> frozenset[str]:
        """The keys and secrets in an environment: the value of every variable that a declaration names.

        Never to be logged.
        """
        sources = (source for provider in self.providers.values() for source in provider.sources.values())
        declared = (source.declared.credential for source in sources)
        names = {name for one in declared if one for name in (one.variable, one.secret)}
        return frozenset(value for name in names if (value := environment.get(name, "")))


def load_provider(folder: Path) -> Provider:
    """Read one provider folder; raises DeclarationError."""
    path = folder / "provider.toml"
    try:
        declared = ProviderDeclared.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as problem:
        raise DeclarationError(f"{folder.name}/provider.toml: {problem}") from problem
    return Provider(folder.name, declared, root=folder.parent)


@cache
def shipped() -> Registry:
    """The providers that gpuledger ships."""
    return Registry(_loaded(PROVIDERS))


def registry_with(folder: Path | None) -> Registry:
    """The shipped providers with those of a further folder, which come first where both declare one.

    Raises DeclarationError.
    """
    if folder is None:
        return shipped()
    return Registry(dict(sorted({**shipped().providers, **_loaded(folder)}.items())))


def make_importable(root: Path) -> None:
    """Let this process import the pages of a further folder as scrapers.providers.<id>.page.

    Python knows a module by its name alone: only for a child process, which works for one installation.
    """
    if str(root) not in _package.__path__:
        _package.__path__.append(str(root))


def providers() -> Mapping[str, Provider]:
    """Every shipped provider by id, in alphabetical order; an installation's are in its registry."""
    return shipped().providers


def sources(only: Iterable[str] = (), *, enable: Iterable[str] = ()) -> list[Source]:
    """Shipped sources, as Registry.sources gives them."""
    return shipped().sources(only, enable=enable)


def source(source_id: str) -> Source:
    """The shipped source of this id; raises DeclarationError."""
    return shipped().source(source_id)


def _loaded(root: Path) -> dict[str, Provider]:
    return {path.parent.name: load_provider(path.parent) for path in sorted(root.glob("*/provider.toml"))}


@cache
def _parser_version(root: Path, provider: str, shares: tuple[str, ...]) -> str:
    package = PROVIDERS.parent
    roots = dict.fromkeys((PROVIDERS, root))
    files = [
        *sorted(path for one in roots for path in (one / provider).glob("*")),
        *sorted(path for one in roots for other in shares for path in (one / other).glob("*")),
        *sorted((package / "page").glob("*.py")),
        *sorted((package / "formats").glob("*.py")),
        Path(str(resources.files("warehouse"))) / "gpus.toml",
    ]
    digest = hashlib.sha256()
    for path in files:
        if path.suffix in {".py", ".toml"} and path.name != "simulated.py":
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
