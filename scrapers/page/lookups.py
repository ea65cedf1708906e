"""Lookups: a provider's words mapped to ours by its lookup files; GPU names by the catalogue.

An unknown word is a finding, never a default and never a substring guess: "A4000" is not an A40.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from scrapers.page.record import Notes
from warehouse.gpu_catalog import gpu_by_alias

_MEMORY = re.compile(r"(?i)^\s*([\d.,]+)\s*(TB|TiB|GB|GiB|MB|MiB)\b")
_IN_GIB = {"tb": 1024.0, "tib": 1024.0, "gb": 1.0, "gib": 1.0, "mb": 1 / 1024, "mib": 1 / 1024}


@dataclass(frozen=True)
class Gpu:
    """A GPU as the ledger names it; `known` is False when the name is kept as shown."""

    model: str
    form_factor: str | None
    memory_gib: float | None
    known: bool
    shown: str

    def columns(self) -> dict[str, Any]:
        """The gpu columns of an offers row."""
        return {
            "gpu_as_shown": self.shown,
            "gpu_model": self.model,
            "gpu_is_known": self.known,
            "gpu_form_factor": self.form_factor,
            "gpu_memory_gib": self.memory_gib,
        }


def gpu_named(
    shown: str, notes: Notes, *, memory_gib: float | None = None, form_factor: str | None = None
) -> Gpu:
    """The canonical GPU behind a name as shown.

    `memory_gib` as the source states it picks the variant (A100 40 or 80) and is replaced by the
    nominal size; a memory that no variant has is kept as stated and noted. An unknown name is kept
    as shown and noted.
    """
    entry = gpu_by_alias(shown)
    if entry is None:
        notes.add("unknown_gpu", shown)
        return Gpu(shown, form_factor, memory_gib, known=False, shown=shown)
    nominal = entry.nominal_memory(memory_gib)
    if nominal is None and memory_gib is not None:
        notes.add("disagreement", shown, f"{memory_gib:g} GiB is not a variant of {entry.model}")
        nominal = memory_gib
    return Gpu(entry.model, form_factor or entry.form_factor, nominal, known=True, shown=shown)


@cache
def lookup(provider: str, name: str) -> Mapping[str, Any]:
    """A lookup file of a provider's folder, by its name without the ending."""
    folder = resources.files(f"scrapers.providers.{provider}")
    return tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))


def country_of(provider: str, region: str, notes: Notes) -> str | None:
    """ISO country of a provider's region, by `country` in its regions.toml; an unknown region is noted."""
    country: str | None = lookup(provider, "regions")["country"].get(region)
    if country is None:
        notes.add("unknown_region", region, provider)
    return country


def gibibytes(shown: str) -> float | None:
    """Memory as printed ("30 GB", "81559 MiB") in GiB.

    Machine memory is sold in powers of two and printed as GB, so GB is read as GiB. Returns None for
    a dash or an empty cell; raises ValueError for words that are not a size.
    """
    if shown.strip() in {"", "-", "–", "—"}:
        return None
    found = _MEMORY.match(shown)
    if not found:
        raise ValueError(f"{shown!r} is not a memory size")
    return float(found.group(1).replace(",", "")) * _IN_GIB[found.group(2).lower()]
