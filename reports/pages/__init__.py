"""The pages, one a module: each asks its questions and says what its template shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Page:
    """A page: its file name, its title, and what its template is given."""

    name: str
    title: str
    shown: dict[str, Any]
