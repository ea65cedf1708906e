"""The SQL cookbook: one question a file, its words in the first comment."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

_COMMENT = "-- "


@dataclass(frozen=True)
class Recipe:
    """A question in words, and the query that answers it."""

    name: str
    question: str
    query: str


def recipes() -> list[Recipe]:
    """Every recipe in the order of the files' names."""
    files = sorted(
        (file for file in resources.files(__name__).iterdir() if file.name.endswith(".sql")),
        key=lambda file: file.name,
    )
    return [_recipe(file.name.removesuffix(".sql"), file.read_text(encoding="utf-8")) for file in files]


def _recipe(name: str, text: str) -> Recipe:
    lines = text.strip().splitlines()
    words = [line.removeprefix(_COMMENT) for line in lines if line.startswith(_COMMENT)]
    query = "\n".join(line for line in lines if not line.startswith(_COMMENT))
    return Recipe(name, " ".join(words), query)
