"""The dated facts of facts.toml as rows of `observations`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from importlib import resources
from typing import Any, Final

import polars as pl

from warehouse.errors import GpuledgerError
from warehouse.gpu_catalog import gpu_by_alias
from warehouse.schema import BY_NAME, OBSERVED_TERMS

_FIELDS: Final = {
    "on": "observed_as_stated",
    "subject": "subject",
    "term": "term",
    "state": "state",
    "value": "value_number",
    "up_to": "value_up_to",
    "qualifier": "qualifier",
    "unit": "unit",
    "currency": "currency",
    "gpu": "gpu_as_stated",
    "pricing_model": "pricing_model",
    "standing": "standing",
    "origin": "origin",
    "note": "note",
}
_DAY: Final = len("2018-11-15")


class FactError(GpuledgerError):
    """A fact is wrong; the message names it and what to mend."""


def facts_file() -> bytes:
    """The bytes of facts.toml."""
    return (resources.files("scrapers.history") / "facts.toml").read_bytes()


def observations(text: bytes, identity: Mapping[str, Any]) -> pl.DataFrame:
    """The facts as a frame of the observations table, ordered by date.

    `identity` holds the columns that every row shares: run_id, source, slot, capture_id. Raises FactError.
    """
    try:
        declared = tomllib.loads(text.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise FactError(f"the facts are not TOML: {problem}") from problem
    rows = [
        {**identity, "provider": provider, **_row(provider, fact)}
        for provider, section in declared.items()
        for fact in section["facts"]
    ]
    table = BY_NAME["observations"]
    frame = pl.DataFrame(rows, schema=table.polars()).sort("observed_on", maintain_order=True)
    key = list(table.key)
    twice = frame.filter(frame.select(key).is_duplicated())
    if twice.height:
        raise FactError(f"stated twice: {twice.select(key).to_dicts()[0]}")
    return frame


def _row(provider: str, fact: Mapping[str, Any]) -> dict[str, Any]:
    where = f"{provider}, {fact.get('subject')}, {fact.get('term')}, {fact.get('on')}"
    if unknown := fact.keys() - _FIELDS.keys():
        raise FactError(f"{where}: no fact has {', '.join(sorted(unknown))}")
    row: dict[str, Any] = {"state": "present", "standing": "seen", "currency": "USD"}
    row |= {_FIELDS[name]: value for name, value in fact.items()}
    row["observed_on"] = first_day(str(row["observed_as_stated"]))
    value = row.pop("value_number", None)
    row["value_number"] = None if isinstance(value, str) else value
    row["value_text"] = value if isinstance(value, str) else None
    if value is None and row["state"] == "present":
        raise FactError(f"{where}: a fact without a value is absent, or it is not a fact")
    for name in ("state", "qualifier", "standing", "pricing_model", "term"):
        allowed = OBSERVED_TERMS if name == "term" else BY_NAME["observations"].by_name[name].allowed
        if row.get(name) is not None and row[name] not in allowed:
            raise FactError(f"{where}: {name} is {row[name]!r}, not one of {', '.join(allowed)}")
    entry = gpu_by_alias(row["gpu_as_stated"]) if "gpu_as_stated" in row else None
    if "gpu_as_stated" in row and entry is None:
        raise FactError(f"{where}: gpus.toml has no {row['gpu_as_stated']!r}")
    row["gpu_model"] = entry.model if entry else None
    return row


def first_day(stated: str) -> date:
    """The first day of the year, month or day that a date states."""
    return date.fromisoformat(stated if len(stated) == _DAY else f"{stated}-01-01"[:_DAY])
