"""Missed slots: recorded as missed, never filled with later prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from prefect.server.schemas.schedules import CronSchedule

from flows.queries import load_query
from flows.runtime.run import RunRequest, slots_by_source
from scrapers.registry import Source
from scrapers.slots import LENGTH, Cadence, due_slot, slot_name, slot_of
from warehouse.ledger import Ledger, ScrapeRecord

# Hourly sources are read by the nightly run too, but it is the market run that owes them.
_OWED: Final[dict[str, Cadence]] = {"nightly": "nightly", "market": "hourly"}


async def missed(
    request: RunRequest, ledger: Ledger, *, run_id: str, cron: str, now: datetime
) -> list[ScrapeRecord]:
    """Append a missed scrape for every slot since the flow's last live run at whose time none came.

    `cron` is the flow's schedule in UTC, "" for a flow that has none and so misses nothing. A source that was
    not there yet has missed nothing either.
    """
    cadence = _OWED.get(request.flow)
    ((last,),) = ledger.query(load_query("last_live_run"), {"flow": request.flow}).rows()
    if request.origin != "live" or not cron or cadence is None or last is None:
        return []
    # The last run's own slot too: a shared run whose own process died has left sources of it without a row.
    fired = await firings(cron, last - LENGTH[cadence], now)
    if not fired:
        return []
    known = slots_by_source(ledger.current_scrapes())
    records = [
        _record(source, slot, run_id, now)
        for source in request.sources
        if source.declared.cadence == cadence and source.id in known
        for slot in _owed(cadence, fired, now, request.nightly_hour, known[source.id])
    ]
    ledger.append_all(records)
    return records


def _owed(
    cadence: Cadence, fired: Sequence[datetime], now: datetime, nightly_hour: int, known: Sequence[datetime]
) -> list[datetime]:
    """The slots that a source should have by now and of which nothing is known, the current one excepted.

    Where the schedule has moved, a day that has a slot of the former schedule owes none.
    """
    due = {due_slot(cadence, at, nightly_hour, known=known) for at in fired}
    due -= {due_slot(cadence, now, nightly_hour, known=known), *known}
    return sorted(slot for slot in due if slot > min(known))


async def firings(cron: str, after: datetime, until: datetime) -> Sequence[datetime]:
    """The moments at which a schedule in UTC was due after one moment and before another.

    Raises ValueError for what is not a cron expression.
    """
    schedule = CronSchedule(cron=cron, timezone="UTC")
    found: list[datetime] = []
    start = after + timedelta(seconds=1)
    while dates := await schedule.get_dates(start=start, end=until):
        found += dates
        start = dates[-1] + timedelta(seconds=1)
    return found


def _record(source: Source, slot: datetime, run_id: str, now: datetime) -> ScrapeRecord:
    scrape = {
        "run_id": run_id,
        "provider": source.provider,
        "source": source.id,
        "slot": slot,
        "parser_version": source.parser_version,
        "started_at": now,
        "finished_at": datetime.now(UTC),
        "status": "missed",
        "error": f"no run came at its time; told by the next one, in {slot_name(slot_of('hourly', now))}",
        "rows_parsed": 0,
        "rows_accepted": 0,
        "rows_quarantined": 0,
        "capture_ids": [],
        "robots": None,
    }
    return ScrapeRecord(scrape)
