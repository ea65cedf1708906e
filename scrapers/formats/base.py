"""Defaults that all formats share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic

from scrapers.formats.page_module import page_of
from scrapers.page import Capture, FetchRequest, FollowFunction, PageBroken, PageFunction
from scrapers.page.entry import Opened
from scrapers.page.record import mistake
from scrapers.registry import Source


class SourceFormat(ABC, Generic[Opened]):
    """How a kind of source is fetched and opened; `document` is the type that its pages are given."""

    document: type[Opened]

    @abstractmethod
    def opened(self, capture: Capture) -> Opened:
        """One answer as a document; raises PageBroken when it is not what the format expects."""

    def documents(self, captures: Sequence[Capture]) -> list[Opened]:
        """The documents of the captures: every response, opened. Raises PageBroken."""
        return [self.opened(capture) for capture in captures if capture.role == "response"]

    def page(self, source: Source) -> PageFunction[Opened]:
        """What reads the documents of a source: its page of the provider's page.py. Raises PageBroken."""
        return page_of(source, self.document)

    def follow_function(self, source: Source) -> FollowFunction[Opened] | None:
        """How the page of a source follows an answer, None where it does not. Raises PageBroken."""
        return page_of(source, self.document).follow

    def has_follow(self, source: Source) -> bool:
        """Whether further requests of a source depend on its answers; not where its page cannot be loaded."""
        try:
            return self.follow_function(source) is not None
        except PageBroken:
            # Reported when the archive is parsed; what was answered is archived all the same.
            return False

    def follow(self, source: Source, request: FetchRequest, capture: Capture) -> list[FetchRequest]:
        """The further requests that an answer calls for. Raises PageBroken, and nothing else."""
        further = self.follow_function(source)
        if further is None:
            return []
        try:
            return list(further(request, self.opened(capture)))
        # Memory that ran out is the caller's to report.
        except (PageBroken, MemoryError):
            raise
        # A provider's own code may raise anything; the other requests of its source are not lost by it.
        except Exception as problem:
            raise PageBroken(f"{capture.url} is not what {source.id} knows ({mistake(problem)})") from problem
