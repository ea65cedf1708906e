"""Progress display and summary of a run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from flows.runtime.run import Listener, RunSummary
from scrapers.slots import slot_name

if TYPE_CHECKING:
    from scrapers.crawl.client import Job
    from scrapers.simulation import SimulatedNight
    from warehouse.ledger import ScrapeRecord

STYLES = {"ok": "green", "partial": "yellow", "failed": "red", "skipped": "red"}
# Beyond this many scrapes a line each would bury what went wrong; only those are printed.
_LINES = 40


class ProgressListener(Listener):
    """Shows a run's steps as progress bars."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._nights: TaskID | None = None
        self._fetched: TaskID | None = None
        self._stored: TaskID | None = None

    def night(self, night: SimulatedNight) -> None:
        """A night of the demo's web is written."""
        if self._nights is None:
            self._nights = self._progress.add_task("writing the recorded web", total=60)
        self._progress.advance(self._nights)

    def waiting(self, sentence: str) -> None:
        """Say why nothing moves."""
        self._progress.console.print(Text(sentence))

    def begun(self, jobs: int) -> None:
        """Start the bars."""
        self._fetched = self._progress.add_task("fetching and archiving", total=jobs)
        self._stored = self._progress.add_task("validating and storing", total=jobs)

    def archived(self, job: Job) -> None:
        """Move the fetching bar."""
        if self._fetched is not None:
            self._progress.advance(self._fetched)

    def stored(self, record: ScrapeRecord) -> None:
        """Move the storing bar."""
        if self._stored is not None:
            self._progress.advance(self._stored)


@contextmanager
def progress(console: Console) -> Iterator[ProgressListener]:
    """A progress display; plain when the console is not a terminal."""
    columns = (
        TextColumn("{task.description:<24}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
        yield ProgressListener(bars)


def print_summary(summary: RunSummary, console: Console) -> None:
    """A line for every source of a run, or, in a long run, for each that is not ok."""
    shown = summary.scrapes
    if len(shown) > _LINES:
        shown = [scrape for scrape in shown if scrape["status"] != "ok"]
    width = max((len(scrape["source"]) for scrape in shown), default=0)
    for scrape in sorted(shown, key=lambda row: (row["slot"], row["source"])):
        line = Text.assemble(
            (f"{scrape['status']:<8}", STYLES[scrape["status"]]),
            f"{scrape['source']:<{width}}  {slot_name(scrape['slot'])}",
            f"{scrape['rows_accepted']:>8,} rows",
            f", {scrape['rows_quarantined']:,} quarantined" if scrape["rows_quarantined"] else "",
        )
        console.print(line)
        if scrape["error"]:
            console.print(Text(f"        {scrape['error']}"))
    console.print(Text(summary.sentence()))
    if summary.notification.new:
        became = summary.notification.problem or "delivered"
        console.print(Text(f"alerts     {summary.notification.new} new: {became}"))
    if summary.site:
        console.print(Text(f"site       {summary.site}"))
    if summary.warehouse:
        console.print(Text(f"warehouse  {summary.warehouse}"))


def print_json(summary: RunSummary) -> None:
    """The summary for a script."""
    answer: dict[str, Any] = {
        **summary.row(),
        "already_stored": summary.already_stored,
        "missed": summary.missed,
        "alerts": {"new": summary.notification.new, "problem": summary.notification.problem},
        "scrapes": summary.scrapes,
        "site": summary.site,
        "warehouse": summary.warehouse,
    }
    sys.stdout.write(json.dumps(answer, indent=2, default=str) + "\n")
