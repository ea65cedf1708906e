"""The skeleton of a new provider: declaration, page, lookup, simulation, test and fixture."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from scrapers.declaration import FormatName
from scrapers.formats import FORMATS
from scrapers.registry import PROVIDERS
from warehouse.errors import GpuledgerError

# Python and TOML, not HTML: nothing is to be escaped.
_TEMPLATES: Final = Environment(
    loader=PackageLoader("scrapers.skeleton", "."),
    undefined=StrictUndefined,
    autoescape=False,  # noqa: S701  # nosec B701
    keep_trailing_newline=True,
)
_ID: Final = re.compile(r"[a-z][a-z0-9_]{1,39}")
_ENDINGS: Final = {"json_api": "json", "xml_api": "xml", "yaml_file": "yaml"}
_MEDIA_TYPES: Final = {"json_api": "application/json", "xml_api": "text/xml", "yaml_file": "text/yaml"}
_IMPORTS: Final = (
    *("Capture", "Notes", "PageBroken", "Record", "Rejected", "Row"),
    *("each", "gpu_named", "lookup", "offer", "source_page"),
)
_IMPORTS_OF_TEXT: Final = ("Unreadable", "dollars", "gibibytes")
_EMPTY: Final = {"json_api": "{}", "xml_api": "<machines/>", "yaml_file": "machines: []\\n"}


class ProviderRefused(GpuledgerError):
    """A new provider cannot have this id, or cannot be written there; the message says what to type."""


@dataclass(frozen=True)
class SkeletonPlace:
    """Where a provider's folder is written, and its tests; `own` is an installation's folder of providers."""

    providers: Path
    tests: Path | None = None

    @property
    def own(self) -> bool:
        """Whether the provider is not one of a clone of gpuledger, and keeps its tests with it."""
        return self.tests is None

    def tests_of(self, provider_id: str) -> Path:
        """The folder of the test and its fixture."""
        return self.tests / provider_id if self.tests else self.providers / provider_id / "tests"


def clone() -> SkeletonPlace | None:
    """The places in the clone of gpuledger that this code runs in; None where it is installed without one."""
    root = PROVIDERS.parents[1]
    tests = root / "tests" / "scrapers" / "providers"
    is_clone = (root / "pyproject.toml").is_file() and tests.is_dir()
    return SkeletonPlace(PROVIDERS, tests) if is_clone else None


def write_skeleton(
    provider_id: str, source_format: FormatName, place: SkeletonPlace, taken: Collection[str]
) -> list[Path]:
    """Write the files of a new provider; returns them. Raises ProviderRefused for a bad or a taken id."""
    _refuse(provider_id, place, taken)
    folder, tests = place.providers / provider_id, place.tests_of(provider_id)
    words = _words(provider_id, source_format, place)
    texts = {folder / "__init__.py": f'"""{words["title"]}."""\n'}
    texts[folder / "provider.toml"] = _text("provider.toml", words)
    if source_format != "liveness":
        texts[folder / "gpus.toml"] = _text("gpus.toml", words)
        texts[folder / "simulated.py"] = _text("simulated.py", words)
        texts[tests / "test_page.py"] = _text("test_page.py", words)
        texts[tests / words["fixture"]] = _text("fixture", words)
        if source_format != "price_table":
            texts[folder / "page.py"] = _text("page.py", words)
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(texts)


def _refuse(provider_id: str, place: SkeletonPlace, taken: Collection[str]) -> None:
    if not _ID.fullmatch(provider_id) or keyword.iskeyword(provider_id):
        raise ProviderRefused(
            f"{provider_id!r} cannot be a provider's id: use 2 to 40 lower-case letters, digits and "
            "underscores, a letter first, such as acme_gpus"
        )
    folders = (place.providers / provider_id, place.tests_of(provider_id))
    if provider_id in taken or any(folder.exists() for folder in folders):
        raise ProviderRefused(f"there is a provider {provider_id!r} already: choose another id")


def _words(provider_id: str, source_format: FormatName, place: SkeletonPlace) -> Mapping[str, Any]:
    host = f"{provider_id.replace('_', '-')}.example"
    count = () if source_format == "price_table" else ("Count",)
    headers = ("Machine", "GPU", *count, "RAM", "Price")
    empty = _EMPTY.get(source_format, "<!doctype html><html><body><p>Soon.</p></body></html>")
    document = FORMATS[source_format].document.__name__
    shows_text = source_format in {"html_table", "rendered_page"}
    imports = {*_IMPORTS, document, *(_IMPORTS_OF_TEXT if shows_text else ())}
    return {
        "id": provider_id,
        "title": provider_id.replace("_", " ").title(),
        "format": source_format,
        "document": document,
        # As ruff sorts them: classes first.
        "imports": sorted(imports, key=lambda name: (name.islower(), name)),
        "shows_text": shows_text,
        "cells": "<td>{gpu}</td><td>{count}</td>" if shows_text else "<td>{count}x {gpu}</td>",
        "host": host,
        "url": f"https://{host}/pricing",
        "media_type": _MEDIA_TYPES.get(source_format, "text/html"),
        "headers": ", ".join(f'"{header}"' for header in headers),
        "fixture": f"prices.{_ENDINGS.get(source_format, 'html')}",
        "empty": f'b"{empty}"',
        "role": ', "rendered"' if source_format == "rendered_page" else "",
        "own": place.own,
    }


def _text(name: str, words: Mapping[str, Any]) -> str:
    return _TEMPLATES.get_template(f"{name}.jinja").render(words).rstrip() + "\n"
