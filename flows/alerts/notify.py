"""Notifications: alert rules evaluated on the ledger after a run; each alert is sent once.

A rule speaks when what it sees begins, and again only after that has passed. What could not be delivered is
not recorded as sent, so that the next run tries again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from flows.alerts.route import AlertRoute
from flows.alerts.rules import Rule
from flows.queries import load_query
from warehouse.ledger import Ledger

# These stay true until they pass; the others are events, which happen once.
_LASTING: Final = frozenset({"price", "drop", "source_failed"})


Query = Callable[[str, Mapping[str, Any]], pl.DataFrame]


@dataclass(frozen=True)
class Alert:
    """What a rule has to say: of what, in a sentence, and the page of the site that shows more."""

    rule: str
    subject: str
    message: str
    page: str


@dataclass(frozen=True)
class Notification:
    """How many alerts were new, and whether they were delivered; `problem` is why not, "" if they were."""

    new: int = 0
    problem: str = ""


def unknown_addresses(addresses: Sequence[str]) -> int:
    """How many of the addresses are of no kind that Apprise knows; nothing is sent."""
    from apprise import Apprise  # noqa: PLC0415 - as above

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    return sum(not Apprise().add(address) for address in addresses)


def evaluate(rule: Rule, query: Query, now: datetime, hourly: Collection[str] = ()) -> list[Alert]:
    """What one rule sees in the ledger or the published warehouse that `query` asks.

    `hourly` are the ids of the sources whose slots are hours and not nights.
    Nothing for a rule of failed runs: those may have no ledger; see flows.alerts.run_failures.
    """
    if rule.on == "run_failed":
        return []
    text = load_query(f"alert_{rule.on}")
    asked: dict[str, Any] = rule.parameters()
    if "$now" in text:
        asked["now"] = now
    if "$hourly" in text:
        asked["hourly"] = sorted(hourly)
    rows = query(text, asked).iter_rows(named=True)
    return [Alert(str(rule), row["subject"], row["message"], row["page"]) for row in rows]


def notify(ledger: Ledger, routing: AlertRoute, *, run_id: str, now: datetime, site: str) -> Notification:
    """Evaluate every rule on the ledger, send new alerts as one message, and record what was sent.

    `site` is the address that the pages stand under.
    """
    if not (rules := routing.rules):
        return Notification()
    raised = set(ledger.query(load_query("alerts_raised")).iter_rows())
    found = [(rule, alert) for rule in rules for alert in evaluate(rule, ledger.query, now, routing.hourly)]
    standing = {(alert.rule, alert.subject) for _, alert in found}
    new = [alert for _, alert in found if (alert.rule, alert.subject) not in raised]
    lasting = {str(rule) for rule in rules if rule.on in _LASTING}
    passed = sorted((rule, subject) for rule, subject in raised - standing if rule in lasting)
    rows = [_row(Alert(*which, "it has passed", ""), "passed", run_id, now, site) for which in passed]
    problem = deliver(_title(new), _text(new, site), routing.addresses) if new else ""
    if not problem:
        rows += [_row(alert, "raised", run_id, now, site) for alert in new]
    if rows:
        ledger.append_rows("alerts", rows)
    return Notification(len(new), problem)


def deliver(title: str, text: str, addresses: Sequence[str]) -> str:
    """Send a message to every address; returns why that failed in a sentence, "" when it did not."""
    from apprise import Apprise, NotifyFormat  # noqa: PLC0415 - only a run that sends something needs it

    # Its log names the addresses, keys and all.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    if not addresses:
        return "GPULEDGER_ALERT_URLS names no address"
    failed = 0
    for address in addresses:
        to = Apprise()
        if not to.add(address) or not to.notify(body=text, title=title, body_format=NotifyFormat.TEXT):
            failed += 1
    return f"{failed} of {len(addresses)} addresses could not be reached" if failed else ""


def _title(alerts: Sequence[Alert]) -> str:
    return f"gpuledger: {len(alerts)} {'alert' if len(alerts) == 1 else 'alerts'}"


def _text(alerts: Sequence[Alert], site: str) -> str:
    return "\n\n".join(f"{alert.message}\n{_link(alert, site)}\n(rule: {alert.rule})" for alert in alerts)


def _link(alert: Alert, site: str) -> str:
    return f"{site.rstrip('/')}/{alert.page}"


def _row(alert: Alert, state: str, run_id: str, now: datetime, site: str) -> dict[str, Any]:
    return {
        "told_at": now,
        "run_id": run_id,
        "rule": alert.rule,
        "subject": alert.subject,
        "state": state,
        "message": alert.message,
        "link": _link(alert, site) if alert.page else None,
    }
