"""The pages, one module a kind: each runs its queries and fills its template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Page:
    """A page: its file name, its title, and what its template is given.

    `template` is the page's name unless pages of one kind share one; `parent` is the page of the navigation
    that leads to it, "" for one that stands in the navigation itself.
    """

    name: str
    title: str
    shown: dict[str, Any]
    template: str = ""
    parent: str = ""
