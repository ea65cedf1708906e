"""A run: its request, its due slots, its listener and its summary. No Prefect in this module."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from flows import VERSION
from flows.alerts.notify import Notification
from flows.alerts.route import AlertRoute
from flows.queries import load_query
from flows.runtime.installation import Installation
from flows.runtime.lock import lock_file_of
from scrapers.archive.recorded import recorded_slots
from scrapers.crawl.client import REQUEST_TIMEOUT, Job
from scrapers.registry import Source
from scrapers.slots import NIGHTLY_HOUR, due_slot, slot_name, slot_of_run
from warehouse.errors import GpuledgerError
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.storage import Storage


class OriginsMixed(GpuledgerError):
    """Simulated prices may not stand beside real ones; the message names the data folder."""


UNSTORED: Final = frozenset({"failed", "skipped"})
"""The statuses of a scrape that stored nothing."""
Origin = Literal["live", "recorded", "imported", "simulated"]
FlowName = Literal["nightly", "market", "replay", "import"]


@dataclass(frozen=True)
class RunRequest:
    """What a run is asked to do.

    `at` are the moments whose slots are due: one for a scheduled run, sixty for the demo. `recorded`
    names a folder of WARC files that stands in for the network; `partial` lifts the count assertions.
    `request_timeout` in seconds holds for each request, and `first_slots` says of a source that it was not
    there before a slot, so that nothing earlier is due. `schedule` is the flow's cron in UTC, "" for none;
    `nightly_hour` is that of nightly slots. `alerts` says who is notified of what. `share` names the one
    provider of a run that is part of a shared one: whatever comes before and after all providers is not its
    to do.
    """

    installation: Installation
    sources: tuple[Source, ...]
    at: tuple[datetime, ...]
    flow: FlowName = "nightly"
    origin: Origin = "live"
    recorded: Path | None = None
    partial: bool = False
    allow_loopback: bool = False
    chromium: str | None = None
    request_timeout: int = REQUEST_TIMEOUT
    first_slots: Mapping[str, datetime] = field(default_factory=dict)
    schedule: str = ""
    nightly_hour: int = NIGHTLY_HOUR
    alerts: AlertRoute = field(default_factory=AlertRoute)
    share: str = ""

    @property
    def home(self) -> Path:
        """The data folder."""
        return self.installation.home

    @property
    def storage(self) -> Storage:
        """Where the ledger is written."""
        return self.installation.storage

    @property
    def site_url(self) -> str:
        """The address that the site is published at, "" where it has none."""
        return self.installation.settings.site_url

    @property
    def title(self) -> str:
        """What the run is called beside others of its data folder."""
        return f"{self.flow} of {self.share}" if self.share else self.flow

    @property
    def run_name(self) -> str:
        """The name of the run in Prefect, by its newest slot: nightly 2026-11-25T03Z."""
        slot = slot_of_run(self.flow, max(self.at), self.nightly_hour)
        return f"{self.title} {slot_name(slot)}"

    @property
    def lock_file(self) -> str:
        """What the run holds while it writes: the data folder as a whole, unless a lake takes several."""
        return lock_file_of(self.storage, self.title)


@dataclass
class RunSummary:
    """What a run did: the scrapes rows it added, and where the results are."""

    run_id: str
    flow: FlowName
    origin: Origin
    started_at: datetime
    scrapes: list[Mapping[str, Any]] = field(default_factory=list)
    already_stored: int = 0
    missed: int = 0
    notification: Notification = field(default_factory=Notification)
    warehouse: str | None = None
    site: Path | None = None

    @property
    def statuses(self) -> Counter[str]:
        """How many scrapes ended in each status."""
        return Counter(scrape["status"] for scrape in self.scrapes)

    @property
    def succeeded(self) -> bool:
        """Whether every due source was stored, whole or in part."""
        return not self.failed

    @property
    def unstored(self) -> list[Mapping[str, Any]]:
        """The scrapes that stored nothing."""
        return [scrape for scrape in self.scrapes if scrape["status"] in UNSTORED]

    @property
    def failed(self) -> list[str]:
        """The sources that were not stored."""
        return sorted({scrape["source"] for scrape in self.unstored})

    def sentence(self) -> str:
        """What became of the run: nightly 20261120T031700Z-5f2a91c4: 41 ok, 1 failed."""
        parts = [f"{count} {status}" for status, count in sorted(self.statuses.items())]
        if self.already_stored:
            parts.append(f"{self.already_stored} already stored")
        if self.missed:
            parts.append(f"{self.missed} missed before this run")
        return f"{self.flow} {self.run_id}: {', '.join(parts) or 'nothing was due'}"

    def row(self) -> dict[str, Any]:
        """The run as a row of the runs table; skipped scrapes count as failed."""
        statuses = self.statuses
        return {
            "run_id": self.run_id,
            "flow": self.flow,
            "started_at": self.started_at,
            "finished_at": datetime.now(UTC),
            "origin": self.origin,
            "sources_due": len(self.scrapes),
            "sources_ok": statuses["ok"],
            "sources_partial": statuses["partial"],
            "sources_failed": statuses["failed"] + statuses["skipped"],
            "gpuledger_version": VERSION,
        }


class Listener:
    """Told of a run's steps as they happen; this one does nothing with it."""

    def waiting(self, sentence: str) -> None:
        """The run waits for another one to end."""

    def begun(self, jobs: int) -> None:
        """The run starts with this many (source, slot) pairs to do."""

    def archived(self, job: Job) -> None:
        """A job's captures are sealed in the archive."""

    def stored(self, record: ScrapeRecord) -> None:
        """A scrape is in the ledger."""


def new_run_id(now: datetime) -> str:
    """An id that sorts by time: 20261120T031700Z-5f2a91c4."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def refuse_mixture(request: RunRequest, ledger: Ledger) -> None:
    """Raise OriginsMixed when simulated and real nights would come to stand in one ledger."""
    refuse_origin(request.origin, request.home, ledger)


def refuse_origin(origin: Origin, home: Path, ledger: Ledger) -> None:
    """Raise OriginsMixed where rows of this origin may not join those in the ledger.

    What others have published of real prices is real: only the demo's prices are not.
    """
    before = set(ledger.query(load_query("origins"))["origin"])
    if before and ("simulated" in before) != (origin == "simulated"):
        held = "simulated" if "simulated" in before else "real"
        raise OriginsMixed(f"the ledger in {home} holds {held} nights; use another --home")


def due(request: RunRequest, ledger: Ledger) -> tuple[list[Job], int]:
    """The (source, slot) pairs that no scrape stands for yet, and how many have one.

    A live slot that failed is tried again. A recorded one is tried again only by another parser: the
    same bytes read by the same code fail in the same way.
    """
    current = ledger.current_scrapes()
    known = slots_by_source(current)
    archived = recorded_slots(request.recorded) if request.recorded else {}
    jobs, done = [], 0
    for source in request.sources:
        first = request.first_slots.get(source.id)
        slots = sorted(
            {
                due_slot(
                    source.declared.cadence,
                    at,
                    request.nightly_hour,
                    known=known.get(source.id, ()),
                    archived=archived.get(source.id, ()),
                )
                for at in request.at
            }
        )
        for slot in slots if first is None else (slot for slot in slots if slot >= first):
            found = current.get((source.id, slot))
            stored = found is not None and found.status in {"ok", "partial"}
            refused_alike = (
                found is not None
                and request.recorded is not None
                and found.status == "failed"
                and found.parser_version == source.parser_version
            )
            if stored or refused_alike:
                done += 1
            else:
                jobs.append(Job(source.id, slot))
    return jobs, done


def slots_by_source(scrapes: Iterable[tuple[str, datetime]]) -> dict[str, list[datetime]]:
    """The slots of each source among (source, slot) pairs."""
    slots: dict[str, list[datetime]] = {}
    for source, slot in scrapes:
        slots.setdefault(source, []).append(slot)
    return slots
