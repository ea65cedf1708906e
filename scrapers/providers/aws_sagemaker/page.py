"""SageMaker's prices of EC2's machines: two files behind its page, each with every region; hosting is apart.

`manifest.hawkFilePublicationDate` says when a file was made. An instance is EC2's with "ml." before it, and a
machine stands in a region more than once. Seen whole in December 2025 (notebooks); the file of training jobs
is known by its name and its shape alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from scrapers.page import Json, Notes, Rejected, Row, source_page
from scrapers.providers.aws.on_demand import Columns, listed_offers
from scrapers.providers.aws_sagemaker.hosting import hosting

__all__ = ["hosting", "notebook", "training"]

_COLUMNS: Final = Columns(
    machine="Instance",
    vcpus="VCPU",
    prefix="ml.",
    ignored=frozenset({"Clock Speed", "Component", "Instance Type", "RegionlessRateCode", "rateCode"}),
)


@source_page(Json)
def notebook(documents: Sequence[Json], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers of Studio notebooks on demand, one row a region and instance."""
    yield from listed_offers(documents, _COLUMNS, notes)


@source_page(Json)
def training(documents: Sequence[Json], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers of training jobs on demand, one row a region and instance."""
    yield from listed_offers(documents, _COLUMNS, notes)
