"""Price lists kept as one YAML file, read as the values that they hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import yaml

from scrapers.registry import Source
from scrapers.rows import Ask, Capture, Document, PageBroken, Payload

# Several megabytes are common; libyaml reads them in seconds, Python's own loader in minutes.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST: Final = 100


class _Loader(_Base):  # type: ignore[misc] # PyYAML has no types
    """A safe loader that refuses what is nested too deep: libyaml would follow it until the process dies."""

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self._depth = 0

    def descend_resolver(self, *place: Any) -> None:
        """Told of each node before what it holds is read."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise yaml.YAMLError(f"it is nested more than {_DEEPEST} deep")

    def ascend_resolver(self) -> None:
        """Told of each node after it was read."""
        self._depth -= 1


def follow(source: Source, ask: Ask, capture: Capture) -> list[Ask]:
    """Nothing: such a source is one file an ask."""
    return []


def documents(captures: Sequence[Capture]) -> list[Document]:
    """The files decoded; raises PageBroken for one that is no YAML mapping."""
    return [opened(capture) for capture in captures if capture.role == "response"]


def opened(capture: Capture) -> Payload:
    """A YAML file decoded, without anything that YAML could run.

    A file is refused when it does not end with its last line: cut anywhere, most YAML is still YAML.
    """
    try:
        value = yaml.load(capture.body, Loader=_Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise PageBroken(f"{capture.url} answered no YAML: {problem}") from problem
    if not isinstance(value, dict):
        start = capture.body[:60].decode("utf-8", "replace")
        raise PageBroken(f"{capture.url} answered no YAML mapping; it begins {start!r}")
    if not capture.body.endswith((b"\n", b"\r")):
        end = capture.body[-60:].decode("utf-8", "replace")
        raise PageBroken(f"{capture.url} breaks off in the middle of a line; it ends {end!r}")
    return Payload(capture, value)
