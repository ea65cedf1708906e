"""The registry: declarations under scrapers/providers, loaded and checked.

A provider is a folder: provider.toml says who it is, what is asked, how often, and what a good
night looks like; page.py has one pure function for each source, named like it.

The providers of an installation are a value, a Registry: those shipped, and those of its own folder. Keys are
never part of it; whoever needs one gives the environment that it is in.
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
from urllib.parse import urlsplit

from pydantic import ValidationError

from scrapers import providers as _package
from scrapers.archive.redaction import redacted_headers, redacted_url
from scrapers.crawl.auth import AWS_SESSION_TOKEN, aws_signature
from scrapers.declaration import DeclarationError, ProviderDeclared, SourceDeclared
from scrapers.page import FetchRequest
from scrapers.url_origin import Origin, origin_of

PROVIDERS = Path(str(resources.files("scrapers"))) / "providers"


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

    def _every_source(self) -> list[Source]:
        return [source for provider in self.providers.values() for source in provider.sources.values()]

    @property
    def hourly(self) -> frozenset[str]:
        """The ids of the sources that have a slot every hour."""
        found = self._every_source()
        return frozenset(source.id for source in found if source.declared.cadence == "hourly")

    def sources(self, only: Iterable[str] = (), *, enable: Iterable[str] = ()) -> list[Source]:
        """Every source of an enabled provider, or those named (a provider's id or a source's).

        `enable` are ids of providers to count as enabled. A source named outright is returned even when its
        provider is off. Raises DeclarationError for a name that nothing has.
        """
        wanted, enabled = list(only), set(enable)
        if unknown := enabled - self.providers.keys():
            raise DeclarationError(f"no provider is called {', '.join(map(repr, sorted(unknown)))}")
        found = self._every_source()
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
        declared = (source.declared.credential for source in self._every_source())
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
