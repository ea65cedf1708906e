"""What stands behind the name of an EC2 instance type (instances.toml)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

_ACCELERATED: Final = re.compile(r"(p|g|gr|trn|inf|dl)\d")


@dataclass(frozen=True)
class Accelerators:
    """The GPUs or accelerators of an instance type: AWS's name of one, how many, GiB of one where stated."""

    gpu: str
    count: int
    memory_gib: float | None
    form_factor: str | None


@cache
def _declared() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_name("instances.toml").read_text(encoding="utf-8"))


def accelerators(instance_type: str) -> Accelerators | None:
    """The accelerators of an instance type such as g5.12xlarge; None when it is not in instances.toml."""
    family, _, size = instance_type.partition(".")
    known = _declared()["family"].get(family)
    if known is None or size not in known["sizes"]:
        return None
    memory_mib = known.get("memory_mib")
    return Accelerators(
        gpu=known["gpu"],
        count=known["sizes"][size],
        memory_gib=None if memory_mib is None else memory_mib / 1024,
        form_factor=known.get("form_factor"),
    )


def looks_accelerated(instance_type: str, bucket: str) -> bool:
    """Whether a type should be in instances.toml, by its name or by the bucket that spot.json puts it in."""
    family = instance_type.partition(".")[0]
    if family in _declared()["left_out"]:
        return False
    return bucket.lower().startswith("gpu") or _ACCELERATED.match(family) is not None
