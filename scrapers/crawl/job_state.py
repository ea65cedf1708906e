"""The state of one job while it runs; every request of the job carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.robotstxt import RobotParser

from scrapers.archive.recorded import Key, RecordedWeb, Span
from scrapers.archive.writer import ArchiveWriter, Finding
from scrapers.crawl.client import FetchPlan, Job
from scrapers.crawl.proxy import Proxy
from scrapers.parser_process import Parser
from scrapers.registry import Source

RUN: Final = "run"
ROLE: Final = "role"
LABEL: Final = "label"
EXCHANGE: Final = "exchange"
CAPTURE: Final = "capture"
KEY: Final = "key"
"""Whether a request bears a key, so that it follows no redirect to another origin."""

RobotsState = Literal["disallowed", "unreachable", "allowed", "absent"]
# The order in which one word stands for several hosts.
_TELLING: Final[tuple[RobotsState, ...]] = ("disallowed", "unreachable", "allowed", "absent")


class NotArchived(IgnoreRequest):
    """The recorded web has no answer to a request."""


@dataclass
class Rules:
    """What the robots.txt of one host said.

    `parser` is None where there was nothing to read, `why` says what made it unreachable.
    """

    state: RobotsState
    parser: RobotParser | None = None
    why: str = ""


@dataclass
class JobState:
    """One job on its way: where it writes, what it may read, and what went wrong so far.

    `web` is None where the network is asked, `proxy` where no browser asks it; `taken` are the recorded
    requests that were answered; `findings` are what was noticed and is not an error. `environment` holds
    the sources' keys.
    """

    job: Job
    source: Source
    plan: FetchPlan
    writer: ArchiveWriter
    web: RecordedWeb | None
    parser: Parser
    proxy: Proxy | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    rules: dict[str, Rules] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    taken: set[Key] = field(default_factory=set)

    @property
    def span(self) -> Span:
        """The time that the job's slot lasts for."""
        return Span.of(self.source, self.job.slot)

    @property
    def robots(self) -> RobotsState | None:
        """What robots.txt said, None where it was never asked."""
        states = {rules.state for rules in self.rules.values()}
        return next((state for state in _TELLING if state in states), None)


def state_of(request: Request) -> JobState:
    """The job that a request belongs to."""
    run: JobState = request.meta[RUN]
    return run
