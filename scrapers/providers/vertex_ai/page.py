"""Vertex AI's pricing page: https://cloud.google.com/vertex-ai/pricing.

It is built of the same tables as Compute Engine's pages. Prices of training and of prediction differ and look
alike, so only a table under a heading that speaks of training is read; a GPU that is attached to another
machine is priced apart from it and is not an offer. The page itself has not been read: a heading or a column
that is named otherwise is reported as a changed page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scrapers.page import Html, Notes, PageTable, Rejected, Row, source_page
from scrapers.providers.google_cloud.shown import shown_offers


@source_page(Html)
def training(pages: Sequence[Html], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers of custom training on demand, one row a machine type with GPUs."""
    for page in pages:
        yield from shown_offers(page, _sold, notes)


def _sold(table: PageTable, header: str) -> str | None:
    is_training = "training" in table.heading.casefold()
    return "on_demand" if is_training and header.startswith("Price") else None
