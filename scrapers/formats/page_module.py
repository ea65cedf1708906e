"""Lookup of a source's page function in its provider's page.py."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from scrapers.page import PageBroken, SourcePage
from scrapers.page.entry import Opened
from scrapers.page.record import mistake
from scrapers.registry import Source


def page_module(provider: str) -> ModuleType:
    """Import scrapers.providers.<provider>.page; raises PageBroken where that fails."""
    name = f"scrapers.providers.{provider}.page"
    try:
        return import_module(name)
    except MemoryError:
        raise
    # A provider's own code may raise anything when it is imported.
    except Exception as problem:
        raise PageBroken(f"{provider}/page.py cannot be imported ({mistake(problem)})") from problem


def page_of(source: Source, document: type[Opened]) -> SourcePage[Opened]:
    """The page of a source for documents of a type; raises PageBroken where page.py has no such page."""
    found = getattr(page_module(source.provider), source.name, None)
    if isinstance(found, SourcePage) and found.document is document:
        return found
    kind = document.__name__
    raise PageBroken(
        f"{source.provider}/page.py has no page for {source.id} ({source.declared.format}): write "
        f"@source_page({kind}) above def {source.name}(documents: Sequence[{kind}], notes: Notes)"
    )
