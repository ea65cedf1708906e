"""Lookup files of providers, for the mappings of public histories."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from scrapers.history.mapping import MappingError
from scrapers.page.lookups import lookup
from scrapers.providers.aws.instances import accelerators

Machine = dict[str, Any]
_COUNT: Final = re.compile(r"^(?P<family>.+)-(?P<count>\d+)g(-.*)?$")


class Machines(Mapping[str, Machine]):
    """Machine types of a provider, found when they are asked for: AWS declares families, not types."""

    def __init__(self, provider: str) -> None:
        self._find = _FINDERS[provider]

    def __getitem__(self, name: str) -> Machine:
        machine = self._find(name)
        if machine is None:
            raise KeyError(name)
        return machine

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0


def lookups(names: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """The lookups by name: "aws/machines", or a table of a lookup file, "aws/regions.country".

    Raises MappingError for one that is not there.
    """
    return {name: _lookup(name) for name in names}


def _lookup(name: str) -> Mapping[str, Any]:
    provider, _, rest = name.partition("/")
    if rest == "machines" and provider in _FINDERS:
        return Machines(provider)
    file, _, table = rest.partition(".")
    try:
        found: Mapping[str, Any] = lookup(provider, file)[table]
    except (ModuleNotFoundError, FileNotFoundError, KeyError) as problem:
        raise MappingError(f"there is no lookup {name!r}") from problem
    return found


def _aws(name: str) -> Machine | None:
    # SageMaker's types are EC2's with "ml." before them.
    found = accelerators(name.removeprefix("ml."))
    return _machine(found.gpu, found.count, found.memory_gib, found.form_factor) if found else None


def _google_cloud(name: str) -> Machine | None:
    declared = lookup("google_cloud", "machines")
    found = declared["types"].get(name)
    if found:
        return _machine(found["gpu"], found["count"])
    parts = _COUNT.match(name)
    gpu = declared["families"].get(parts["family"]) if parts else None
    return _machine(gpu, int(parts["count"])) if parts and gpu else None


def _azure(name: str) -> Machine | None:
    found = lookup("azure", "instances")["size"].get(name.removeprefix("Standard_"))
    return _machine(found["gpu"], found["count"]) if found else None


def _machine(
    gpu: str, count: int, memory_gib: float | None = None, form_factor: str | None = None
) -> Machine:
    return {"@gpu": gpu, "@count": float(count), "@memory": memory_gib, "@form": form_factor}


_FINDERS: Final = {"aws": _aws, "google_cloud": _google_cloud, "azure": _azure}
