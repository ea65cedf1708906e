"""YAML price lists."""

from __future__ import annotations

from typing import Any, Final

import yaml

from scrapers.formats.base import SourceFormat
from scrapers.page import Capture, PageBroken, Yaml
from scrapers.page.record import MISTAKEN

# Several megabytes are common; libyaml reads them in seconds, Python's own loader in minutes.
_Fast: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST: Final = 100


class _Loader(_Fast):  # type: ignore[misc]
    """A safe loader that gives up on deep nesting, on which libyaml's binding overflows the stack."""

    _depth = 0

    def descend_resolver(self, parent: Any, index: Any) -> None:
        """Count a level down."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise yaml.YAMLError(f"nested more than {_DEEPEST} levels deep")
        super().descend_resolver(parent, index)

    def ascend_resolver(self) -> None:
        """Count a level up."""
        self._depth -= 1
        super().ascend_resolver()


class YamlFile(SourceFormat[Yaml]):
    """Files as mappings."""

    document = Yaml

    def opened(self, capture: Capture) -> Yaml:
        """A YAML file decoded, without anything that YAML could run.

        A file is refused when it does not end with its last line: cut anywhere, most YAML is still YAML.
        """
        try:
            value = yaml.load(capture.body, Loader=_Loader)  # noqa: S506 (a safe one)  # nosec B506
        # For an impossible value such as the 45th of May the library raises a Python error, not a YAML one.
        except (yaml.YAMLError, *MISTAKEN) as problem:
            raise PageBroken(f"{capture.url} answered no YAML: {problem}") from problem
        if not isinstance(value, dict):
            start = capture.body[:60].decode("utf-8", "replace")
            raise PageBroken(f"{capture.url} answered no YAML mapping; it begins {start!r}")
        if not capture.body.endswith((b"\n", b"\r")):
            end = capture.body[-60:].decode("utf-8", "replace")
            raise PageBroken(f"{capture.url} breaks off in the middle of a line; it ends {end!r}")
        return Yaml(capture, value)
