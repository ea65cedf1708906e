"""Price lists kept as one YAML file, read as the values that they hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from scrapers.registry import Source
from scrapers.rows import Ask, Capture, Document, PageBroken, Payload

# Several megabytes are common; libyaml reads them in seconds, Python's own loader in minutes.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def follow(source: Source, ask: Ask, capture: Capture) -> list[Ask]:
    """Nothing: such a source is one file an ask."""
    return []


def documents(captures: Sequence[Capture]) -> list[Document]:
    """The files decoded; raises PageBroken for one that is no YAML mapping."""
    return [opened(capture) for capture in captures if capture.role == "response"]


def opened(capture: Capture) -> Payload:
    """A YAML file decoded, without anything that YAML could run."""
    try:
        value = yaml.load(capture.body, Loader=_Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise PageBroken(f"{capture.url} answered no YAML: {problem}") from problem
    if not isinstance(value, dict):
        start = capture.body[:60].decode("utf-8", "replace")
        raise PageBroken(f"{capture.url} answered no YAML mapping; it begins {start!r}")
    return Payload(capture, value)
