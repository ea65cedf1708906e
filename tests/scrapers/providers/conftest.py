"""What the tests of every provider's page need: documents made of text, and rows by their key."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from scrapers.page import Capture, Document, Html, Json, Notes, Rejected, Row
from warehouse.schema import FACT_TABLES

AT = datetime(2026, 11, 20, 3, 17, tzinfo=UTC)
WHERE = frozenset({"capture_id", "observed_at", "source_url"})
Page = Callable[[list[Any], Notes], Iterable[Row | Rejected]]


class Answered:
    """What a page made of its documents: offers, plans and terms by key, what was refused, the notes."""

    def __init__(self, page: Page, documents: list[Document]) -> None:
        self.notes = Notes()
        rows = list(page(documents, self.notes))
        self.rows = [row for row in rows if isinstance(row, Row)]
        self.refused = [row for row in rows if isinstance(row, Rejected)]
        assert {refused.table for refused in self.refused} <= set(FACT_TABLES)

    @property
    def in_full(self) -> list[dict[str, Any]]:
        """Every row with all that it says: the proof that no field of an answer went into the wrong column.

        Columns without a value are left out, and those that say where the row was read.
        """
        return [
            {name: value for name, value in row.values.items() if value is not None and name not in WHERE}
            for row in self.rows
        ]

    def _by(self, table: str, *names: str) -> dict[Any, Mapping[str, Any]]:
        found = [row.values for row in self.rows if row.table == table]
        keyed = {tuple(row[name] for name in names): row for row in found}
        assert len(keyed) == len(found), f"two {table} have one key"
        return {key[0] if len(key) == 1 else key: row for key, row in keyed.items()}

    @property
    def offers(self) -> dict[str, Mapping[str, Any]]:
        """Offers by offer_key."""
        return self._by("offers", "offer_key")

    @property
    def plans(self) -> dict[str, Mapping[str, Any]]:
        """Plans by name."""
        return self._by("plans", "plan")

    @property
    def terms(self) -> dict[tuple[str, str], Mapping[str, Any]]:
        """Terms by tier and term."""
        return self._by("terms", "tier", "term")


@pytest.fixture(scope="session")
def html() -> Callable[..., Html]:
    """A page of this text, as served from this address."""

    def opened(text: str, url: str = "https://example.com/", source: str = "test.source") -> Html:
        return Html(Capture(source, url, AT, 200, "text/html", text.encode()), text)

    return opened


@pytest.fixture(scope="session")
def payload() -> Callable[..., Json]:
    """A JSON answer of this value."""

    def opened(value: Any, url: str = "https://example.com/", label: str = "") -> Json:
        body = json.dumps(value).encode()
        return Json(Capture("test.source", url, AT, 200, "application/json", body, label=label), value)

    return opened


@pytest.fixture(scope="session")
def answered() -> type[Answered]:
    """Reads documents with a page."""
    return Answered
