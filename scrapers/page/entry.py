"""The typed entry of a page: `@source_page(Html)` over a function from documents to rows.

    @source_page(Json, follow=next_page)
    def prices(documents: Sequence[Json], notes: Notes) -> Iterator[Row | Rejected]: ...

The function is named like its source. mypy compares its signature with `PageFunction` of the document type,
and the program compares that type with the declared format when it loads the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from scrapers.page.capture import FetchRequest
from scrapers.page.documents import Document
from scrapers.page.record import Notes, Rejected, Row

Opened = TypeVar("Opened", bound=Document)
_Given_contra = TypeVar("_Given_contra", bound=Document, contravariant=True)


class PageFunction(Protocol[_Given_contra]):
    """Documents of one source and slot -> rows. No network, no clock; raises PageBroken."""

    def __call__(self, documents: Sequence[_Given_contra], notes: Notes, /) -> Iterable[Row | Rejected]:
        """The rows of the documents, and the records that could not be read."""


class FollowFunction(Protocol[_Given_contra]):
    """The further requests that one answer calls for: the next page, the next query. Raises PageBroken."""

    def __call__(self, request: FetchRequest, document: _Given_contra, /) -> Iterable[FetchRequest]:
        """The requests to send next."""


@dataclass(frozen=True)
class SourcePage(Generic[Opened]):
    """The page function of one source, the type of its documents, and how it follows an answer."""

    document: type[Opened]
    function: PageFunction[Opened]
    follow: FollowFunction[Opened] | None = None

    def __call__(self, documents: Sequence[Opened], notes: Notes) -> Iterable[Row | Rejected]:
        """The rows of the documents."""
        return self.function(documents, notes)


def source_page(
    document: type[Opened], *, follow: FollowFunction[Opened] | None = None
) -> Callable[[PageFunction[Opened]], SourcePage[Opened]]:
    """Decorator: makes a function the page of the source that it is named like."""

    def registered(function: PageFunction[Opened]) -> SourcePage[Opened]:
        return SourcePage(document, function, follow)

    return registered
