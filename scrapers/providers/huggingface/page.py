"""Hugging Face's page of Spaces hardware: a table in Markdown with a price by the hour.

The column of GPU memory adds up all GPUs of a machine ("4x Nvidia L4", 96 GB), "small" and "large" are the
machine around the same GPU, and a row that is struck out is no longer sold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from scrapers.page import (
    Capture,
    Html,
    Notes,
    PageBroken,
    Record,
    Rejected,
    Row,
    Unreadable,
    dollars,
    each,
    gibibytes,
    gpu_named,
    offer,
    source_page,
)

_HEADERS: Final = frozenset({"Hardware", "GPU Memory", "Hourly Price"})
_NAME: Final = re.compile(r"^(?:(?P<count>\d+)x )?(?P<gpu>Nvidia .+?)(?: - (?P<size>[\w ]+))?$")
_VCPUS: Final = re.compile(r"^(\d+) vCPU$")
_STRUCK: Final = "~~"
_NO_GPU: Final = "-"


@source_page(Html)
def spaces(pages: Sequence[Html], notes: Notes) -> Iterator[Row | Rejected]:
    """Offers on demand, one row a kind of hardware with GPUs."""
    for page in pages:
        rows = [
            row
            for table in page.tables
            if set(table.headers) >= _HEADERS
            for row in table.records()
            if not row["Hardware"].startswith(_STRUCK) and row["GPU Memory"] != _NO_GPU
        ]
        if not rows:
            raise PageBroken(f"{page.capture.url} has no table of hardware with GPUs")
        yield from each(rows, _offer, notes, table="offers", capture=page.capture)


def _offer(capture: Capture, record: Record, notes: Notes) -> Row:
    name, shown, processors = record.take("Hardware"), record.take("Hourly Price"), record.take("CPU")
    match, vcpus = _NAME.match(name), _VCPUS.match(processors)
    if match is None or vcpus is None:
        raise Unreadable(f"{name!r} with {processors!r} is no hardware that is known")
    count = int(match["count"] or 1)
    try:
        price = dollars(shown, period="hour").amount
        memory = gibibytes(record.take("GPU Memory"))
        ram, disk = gibibytes(record.take("Memory")), gibibytes(record.take("Disk"))
    except ValueError as problem:
        raise Unreadable(str(problem)) from None
    return offer(
        capture,
        offer_key=name,
        instance_type=name,
        pricing_model="on_demand",
        usd_per_hour=price,
        price_as_shown=shown,
        gpu_count=count,
        vcpus=float(vcpus[1]),
        ram_gib=ram,
        disk_gib=disk,
        **gpu_named(match["gpu"], notes, memory_gib=None if memory is None else memory / count).columns(),
    )
