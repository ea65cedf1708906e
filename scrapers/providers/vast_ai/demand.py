"""vast.ai's own count of its supply: https://console.vast.ai/api/v0/metrics/gpu/current/, with a key.

Rented and free are counted by verification and added up here; `usage` is in per cent. Prices stand beside
the counts as percentiles, which the ledger makes of the offers themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from scrapers.page import (
    Capture,
    Json,
    Notes,
    PageBroken,
    Record,
    Rejected,
    Row,
    each,
    gpu_named,
    source_page,
)
from scrapers.page import utilisation as utilisation_row

_PERCENT: Final = 100
_IGNORED: Final = frozenset(
    {
        "dlperf_per_dollar",
        "price_median",
        "price_p10",
        "price_p25",
        "price_p75",
        "price_p90",
        "tflops",
        "tflops_per_dollar",
    }
)


@source_page(Json)
def utilisation(documents: Sequence[Json], notes: Notes) -> Iterator[Row | Rejected]:
    """One row a GPU model: machines listed, rented and free."""
    for document in documents:
        gpus = document.field("gpus")
        if not gpus:
            raise PageBroken(f"{document.capture.url} counts no GPUs")
        yield from each(gpus, _row, notes, table="utilisation", capture=document.capture, ignored=_IGNORED)


def _row(capture: Capture, record: Record, notes: Notes) -> Row:
    rented = _sum(record, "rented_verified", "rented_unverified")
    free = _sum(record, "avail_verified", "avail_unverified")
    stated = record.take_number("available", None)
    usage, usage_30d = record.take_number("usage", None), record.take_number("usage_30d", None)
    return utilisation_row(
        capture,
        **gpu_named(record.take("gpu_name"), notes).columns(),
        machines_total=_count(record.take_number("total")),
        machines_rented=rented,
        machines_available=_count(stated) if stated is not None else free,
        share_rented=None if usage is None else usage / _PERCENT,
        share_rented_30d=None if usage_30d is None else usage_30d / _PERCENT,
        throughput=record.take_number("dlperf", None),
    )


def _sum(record: Record, *names: str) -> int | None:
    """The counts added up; None where one is missing, which is not zero."""
    counts = [record.take_number(name, None) for name in names]
    known = [count for count in counts if count is not None]
    return _count(sum(known)) if len(known) == len(names) else None


def _count(value: float | None) -> int | None:
    return None if value is None else int(value)
