"""The shipped mappings, one TOML file each."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from scrapers.history.mapping import Mapping, MappingError

_ENDING: Final = ".toml"


def shipped() -> list[str]:
    """The names of the mappings that are shipped."""
    folder = resources.files(__name__)
    return sorted(file.name.removesuffix(_ENDING) for file in folder.iterdir() if file.name.endswith(_ENDING))


def load(name: str) -> Mapping:
    """A mapping by its shipped name or the path of its file; raises MappingError."""
    path = Path(name)
    if path.suffix != _ENDING:
        return parsed(name, _text(name))
    if not path.is_file():
        raise MappingError(f"there is no mapping {name}")
    return parsed(path.stem, path.read_bytes())


def parsed(name: str, text: bytes) -> Mapping:
    """A mapping from the bytes of its file; raises MappingError, naming the key that is wrong.

    One that is `like` a shipped mapping says only in which tables and lists it differs.
    """
    declared = _toml(name, text)
    if "like" in declared:
        other = str(declared.pop("like"))
        declared = _over(_toml(other, _text(other)), declared)
    try:
        return Mapping.model_validate({**declared, "name": name})
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "the mapping"
        raise MappingError(f"mapping {name}: {where}: {first['msg']}") from problem


def _text(name: str) -> bytes:
    if name not in shipped():
        raise MappingError(f"no mapping {name!r} is shipped; there are {', '.join(shipped())}")
    return (resources.files(__name__) / f"{name}{_ENDING}").read_bytes()


def _toml(name: str, text: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(text.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise MappingError(f"mapping {name}: it is not TOML: {problem}") from problem


def _over(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    both = [name for name in changes if isinstance(base.get(name), dict) and isinstance(changes[name], dict)]
    return {**base, **changes, **{name: _over(base[name], changes[name]) for name in both}}
