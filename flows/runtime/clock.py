"""Clock checks before anything is stored: against the newest stored run, and against Date headers.

Two checks. A run that would begin before the newest stored run had ended is refused before it fetches. After
the fetch the clock is compared with the Date headers of the answers: the median over hosts decides, and only
where most hosts agree with each other, since a cache gives old dates that differ from host to host.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from statistics import median
from typing import Final
from urllib.parse import urlsplit

from warcio.recordloader import ArcWarcRecord

from flows.queries import load_query
from scrapers.archive.exchange import ArchiveDamaged
from scrapers.archive.warc import records
from warehouse.errors import GpuledgerError
from warehouse.ledger import Ledger

TOLERANCE: Final = timedelta(minutes=10)
"""How far the clock may be off. Date headers have seconds, and a slow answer is dated when it began."""
MIN_HOSTS: Final = 3
"""Fewer hosts than this prove nothing: one or two with a wrong clock of their own never stop a night."""
_MAX_AGE: Final = timedelta(days=3650).total_seconds()


class ClockWrong(GpuledgerError):
    """This machine's clock cannot be right; the message says what it says, what others say, what to do."""


class ClockEvidence:
    """What the answers of a run say of this machine's clock.

    An archive counts by the host that answered most of its requests, and a host counts once, however many
    archives it answered: by the newest date it gave, since a cache can only make a date older.
    """

    def __init__(self) -> None:
        self._offsets: dict[str, float] = {}
        self._now = datetime.min.replace(tzinfo=UTC)

    def add(self, path: Path) -> None:
        """Read the dates of one sealed archive; one that is damaged says nothing."""
        by_host: dict[str, list[float]] = defaultdict(list)
        try:
            for host, fetched_at, dated in dates(path):
                by_host[host].append((dated - fetched_at).total_seconds())
                self._now = max(self._now, fetched_at)
        except ArchiveDamaged:
            return
        if by_host:
            host = max(by_host, key=lambda name: (len(by_host[name]), name))
            self._offsets[host] = max(by_host[host] + [self._offsets.get(host, by_host[host][0])])

    @property
    def confirms(self) -> bool:
        """Whether enough hosts have answered, and most of them agree with this machine's clock."""
        return len(self._offsets) >= MIN_HOSTS and self._agree(0.0)

    def refuse_wrong_clock(self) -> None:
        """Raise ClockWrong where most of enough hosts agree on another time than this machine's."""
        offset = median(self._offsets.values()) if self._offsets else 0.0
        if len(self._offsets) < MIN_HOSTS or abs(offset) <= TOLERANCE.total_seconds():
            return
        if self._agree(offset):
            there = self._now + timedelta(seconds=offset)
            raise ClockWrong(
                f"this machine's clock says {_minute(self._now)}, and the answers of {len(self._offsets)} "
                f"hosts say {_minute(there)}, {_distance(offset)}: nothing of this run was stored; set the "
                "clock (`timedatectl set-ntp true`) and run again"
            )

    def _agree(self, offset: float) -> bool:
        near = [one for one in self._offsets.values() if abs(one - offset) <= TOLERANCE.total_seconds()]
        return 2 * len(near) > len(self._offsets)


def dates(path: Path) -> Iterator[tuple[str, datetime, datetime]]:
    """For each dated answer of a WARC file: its host, when it was fetched, when the host says it answered.

    An answer out of a cache is dated by its Date and its Age. Raises ArchiveDamaged.
    """
    with closing(records(path)) as opened:
        for record, _ in opened:
            if record.rec_type == "response" and record.http_headers and (dated := _dated(record)):
                headers = record.rec_headers
                host = urlsplit(headers.get_header("WARC-Target-URI") or "").netloc
                yield host, datetime.fromisoformat(headers.get_header("WARC-Date")), dated


def refuse_earlier_clock(ledger: Ledger, now: datetime) -> None:
    """Raise ClockWrong where this machine's clock lies before the end of the newest run that is not void."""
    for run_id, ended in ledger.query(load_query("newest_end")).iter_rows():
        if ended.astimezone(UTC) - now > TOLERANCE:
            raise ClockWrong(earlier_clock(now, run_id, ended.astimezone(UTC)))


def earlier_clock(now: datetime, run_id: str, ended: datetime) -> str:
    """What is said of a clock that lies before the end of a stored run, and what to do."""
    behind = _distance((ended - now).total_seconds())
    return (
        f"this machine's clock says {_minute(now)}, and run {run_id} ended at {_minute(ended)}, {behind}: "
        "set the clock (`timedatectl set-ntp true`); if that run had the wrong clock, declare it void: "
        f'`gpuledger ledger void {run_id} --reason "wrong clock"`'
    )


def _dated(record: ArcWarcRecord) -> datetime | None:
    http = record.http_headers
    try:
        dated = parsedate_to_datetime(http.get_header("Date") or "")
        age = min(float(int(http.get_header("Age") or 0)), _MAX_AGE)
        aware = dated.replace(tzinfo=UTC) if dated.tzinfo is None else dated.astimezone(UTC)
        return aware + timedelta(seconds=max(age, 0.0))
    except (ValueError, OverflowError):
        return None


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%MZ}"


def _distance(seconds: float) -> str:
    span = abs(timedelta(seconds=seconds))
    size = f"{span.days} days" if span.days > 1 else f"{span.total_seconds() / 60:,.0f} minutes"
    return f"{size} {'later' if seconds > 0 else 'earlier'}"
