"""Ledgers made of nothing but prices."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.schema import BY_NAME

Priced = tuple[datetime, str, str, float]


def stored(home: Path, prices: Iterable[Priced], **columns: Any) -> Ledger:
    """A ledger with one snapshot for each moment.

    (slot, offer_key, pricing model, USD per hour of 8 GPUs).
    """
    by_slot: dict[datetime, list[dict[str, Any]]] = {}
    for slot, key, pricing_model, price in prices:
        offer = {
            "offer_key": key,
            "pricing_model": pricing_model,
            "usd_per_hour": price,
            "usd_per_gpu_hour": price / 8,
            "gpu_count": 8,
            "gpu_model": "H100",
            "gpu_form_factor": "SXM",
            "gpu_memory_gib": 80.0,
            "gpu_is_known": True,
            "currency": "USD",
            "availability": "unknown",
            "source_url": "https://example.com",
            "capture_id": "c",
            "parser_version": "v",
            **columns,
        }
        by_slot.setdefault(slot, []).append(offer)
    ledger = Ledger(home).__enter__()
    records = []
    for slot, offers in by_slot.items():
        who = {"slot": slot, "run_id": f"{slot}", "provider": "p", "source": "p.s"}
        frame = pl.DataFrame(
            [{**offer, **who, "observed_at": slot} for offer in offers], schema=BY_NAME["offers"].polars()
        )
        scrape = {
            **who,
            "started_at": slot,
            "finished_at": slot,
            "status": "ok",
            "rows_parsed": len(offers),
            "rows_accepted": len(offers),
            "rows_quarantined": 0,
            "capture_ids": ["c"],
            "parser_version": "v",
        }
        records.append(ScrapeRecord({"error": None, "robots": None, **scrape}, {"offers": frame}))
    ledger.append_all(records)
    return ledger
