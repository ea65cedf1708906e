"""The GPU catalogue: canonical models, their aliases, form factors and memory sizes (gpus.toml)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

_SEPARATORS = re.compile(r"[\s_\-/]+")
_MAKER = re.compile(r"^(nvidia|amd|tesla|quadro|geforce)\s+", re.IGNORECASE)
_TOLERANCE = 0.08


@dataclass(frozen=True)
class GpuEntry:
    """A catalogue entry; one model has an entry for every form factor it is sold in.

    `memory_gib` lists the nominal sizes of one GPU's memory.
    """

    model: str
    form_factor: str | None
    memory_gib: tuple[float, ...]
    maker: str

    def nominal_memory(self, stated_gib: float | None) -> float | None:
        """The nominal size nearest to what a source states, None when no variant is within 8 %.

        Drivers report less than the nominal size (an 80 GB H100 says 79.6 GiB, an L4 22.4 of 24).
        Without a stated size the model's only size is returned, None when it has several.
        """
        if stated_gib is None:
            return self.memory_gib[0] if len(self.memory_gib) == 1 else None
        nearest = min(self.memory_gib, key=lambda size: abs(size - stated_gib), default=None)
        if nearest is None or abs(nearest - stated_gib) > _TOLERANCE * nearest:
            return None
        return nearest


def _folded(name: str) -> str:
    folded = _SEPARATORS.sub(" ", name.strip()).lower()
    while (shorter := _MAKER.sub("", folded)) != folded:
        folded = shorter
    return folded


@cache
def _aliases() -> Mapping[str, GpuEntry]:
    text = (resources.files("warehouse") / "gpus.toml").read_text(encoding="utf-8")
    aliases: dict[str, GpuEntry] = {}
    for declared in tomllib.loads(text)["gpu"]:
        entry = GpuEntry(
            declared["model"],
            declared.get("form_factor"),
            tuple(float(size) for size in declared["memory_gib"]),
            declared["maker"],
        )
        named = dict.fromkeys(declared["aliases"], entry)
        for alias, size in declared.get("sized", {}).items():
            if size not in entry.memory_gib:
                raise ValueError(f"gpus.toml: {alias!r} says {size} GiB, which {entry.model} does not have")
            named[alias] = replace(entry, memory_gib=(float(size),))
        for alias, meant in named.items():
            folded = _folded(alias)
            if folded in aliases:
                raise ValueError(f"gpus.toml: {alias!r} is declared twice")
            aliases[folded] = meant
    return aliases


def gpu_by_alias(shown: str) -> GpuEntry | None:
    """The entry whose alias is exactly this name, makers' names and separators aside.

    Where the name says the memory too ("A100-80G"), the entry holds only that size.
    """
    return _aliases().get(_folded(shown))


@cache
def models() -> frozenset[str]:
    """The canonical models of the catalogue."""
    return frozenset(entry.model for entry in _aliases().values())
