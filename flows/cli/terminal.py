"""The terminal: every output is escaped, so that no control character of a source takes effect."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from warehouse.text_safety import visible


class Terminal(Console):
    r"""A console that shows control characters and marks of direction as \x1b; its own styles it obeys."""

    def __init__(self, **options: Any) -> None:
        # What a source says holds :words: between colons, and they are to be read as they are.
        super().__init__(**{"emoji": False, **options})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of a renderable, their text made plain."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))
