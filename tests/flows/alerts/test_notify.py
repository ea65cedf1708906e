"""Alerts: told once, told again only after what they saw has passed, and never lost when nobody answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from flows.alerts.notify import Notification, deliver, evaluate, notify
from flows.alerts.route import AlertRoute
from flows.alerts.rules import Rule
from flows.runtime.installation import ALERT_ADDRESSES
from flows.runtime.settings import SettingsWrong, read_settings
from tests.loopback import serving
from tests.warehouse.test_views import FIRST, offer, store
from warehouse.ledger import Ledger
from warehouse.storage import FileStorage

SITE = "https://prices.example/gpu"
SECRET = "token-that-nobody-may-see"  # noqa: S105 - a made-up one


class Inbox(ThreadingHTTPServer):
    """A webhook on this machine that keeps what it is sent; refuses while it is closed."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.messages: list[dict[str, Any]] = []
        self.closed = False

    @property
    def address(self) -> str:
        return f"json://user:{SECRET}@127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: Inbox

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.server.closed:
            self.server.messages.append(message)
        self.send_response(503 if self.server.closed else 200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    server = Inbox()
    monkeypatch.setenv(ALERT_ADDRESSES, server.address)
    with serving(server):
        yield server


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(FileStorage(tmp_path)) as opened:
        yield opened


def rule(**declared: Any) -> Rule:
    read: Rule = TypeAdapter(Rule).validate_python(declared)
    return read


def night(ledger: Ledger, day: int, price: float) -> datetime:
    store(ledger, day, "offers", [offer(price)])
    return FIRST + timedelta(days=day)


def told(ledger: Ledger, inbox: Inbox | None, now: datetime, *rules: Rule) -> Notification:
    routing = AlertRoute(rules, (inbox.address,) if inbox else ())
    return notify(ledger, routing, run_id="r", now=now, site=SITE)


def test_a_price_is_told_when_it_crosses_and_again_only_after_it_was_back(
    ledger: Ledger, inbox: Inbox
) -> None:
    cheap = rule(on="price", gpu="H100", pricing_model="spot", under=2.0)
    for day, (price, new) in enumerate(((2.5, 0), (1.9, 1), (1.8, 0), (2.2, 0), (1.7, 1))):
        assert told(ledger, inbox, night(ledger, day, price), cheap) == Notification(new)
    first, second = inbox.messages
    assert first["title"] == "gpuledger: 1 alert"
    assert "H100 SXM spot costs $1.9 a GPU-hour" in first["message"]
    assert f"{SITE}/index.html" in first["message"]
    assert "costs $1.7 a GPU-hour" in second["message"]
    states = ledger.query("SELECT state FROM alerts ORDER BY told_at")["state"].to_list()
    assert states == ["raised", "passed", "raised"]


def test_a_fall_within_days_is_told_with_both_medians(ledger: Ledger, inbox: Inbox) -> None:
    fall = rule(on="drop", gpu="H100", pricing_model="spot", percent=20, days=3)
    for day, price in enumerate((2.0, 2.0, 1.9, 1.7)):
        assert told(ledger, inbox, night(ledger, day, price), fall) == Notification()
    assert told(ledger, inbox, night(ledger, 4, 1.5), fall) == Notification(1)
    (message,) = inbox.messages
    assert "fell by 25.0 % in 3 days: the median was $2 a GPU-hour and is $1.5" in message["message"]


def test_an_incident_and_a_source_without_good_nights_are_told_once(ledger: Ledger, inbox: Inbox) -> None:
    night(ledger, 0, 2.0)
    rules = (rule(on="incident", severity="error"), rule(on="source_failed", slots=2))
    for day in (1, 2, 3):
        now = FIRST + timedelta(days=day)
        failed(ledger, now)
        if day == 2:
            ledger.append_rows("incidents", [incident(now, "error"), incident(now, "warning")])
        told(ledger, inbox, now, *rules)
    assert len(inbox.messages) == 1
    text = inbox.messages[0]["message"]
    assert "p.s has failed since 2026-09-01: HTTP 500" in text
    assert text.count("the page changed") == 1
    ledger_state = ledger.query("SELECT state, count(*) FROM alerts GROUP BY 1").rows()
    assert ledger_state == [("raised", 2)]


HOURLY, NIGHTLY = "vast_ai.market", "aws.spot"
HOUR, NIGHT = timedelta(hours=1), timedelta(days=1)


def alerts_after(ledger: Ledger, source: str, *slots: datetime, **declared: Any) -> list[str]:
    """What a rule of two slots says after each of these failures."""
    failing = rule(on="source_failed", source=source, **(declared or {"slots": 2}))
    said = []
    for slot in slots:
        failed(ledger, slot, source)
        said.append("".join(alert.message for alert in evaluate(failing, ledger.query, slot, {HOURLY})))
    return said


def test_a_failing_source_is_told_after_slots_of_its_own_cadence(ledger: Ledger) -> None:
    failed(ledger, FIRST, HOURLY, status="ok")
    failed(ledger, FIRST, NIGHTLY, status="ok")
    one, two, three = alerts_after(ledger, HOURLY, *(FIRST + hours * HOUR for hours in (1, 2, 3)))
    assert one == ""
    assert two == (
        "vast_ai.market has failed since 2026-09-01 03:00Z: HTTP 500 (2 hours without a good snapshot)"
    )
    assert three.endswith("(3 hours without a good snapshot)")
    one, two = alerts_after(ledger, NIGHTLY, FIRST + NIGHT, FIRST + 2 * NIGHT)
    assert one == ""
    assert two == "aws.spot has failed since 2026-09-01: HTTP 500 (2 nights without a good snapshot)"


def test_a_source_that_was_never_good_counts_the_same_slots(ledger: Ledger) -> None:
    one, two = alerts_after(ledger, HOURLY, FIRST, FIRST + HOUR)
    assert (one, two[-39:]) == ("", "HTTP 500 (2 hours without a good snapshot)"[-39:])
    assert "since its first slot" in two


def test_a_schedule_that_moved_by_an_hour_delays_no_alert(ledger: Ledger) -> None:
    failed(ledger, FIRST, NIGHTLY, status="ok")
    one, two = alerts_after(ledger, NIGHTLY, FIRST + NIGHT - HOUR, FIRST + 2 * NIGHT - HOUR)
    assert (one == "", two == "") == (True, False)


def test_the_former_name_of_slots_is_understood(ledger: Ledger) -> None:
    failed(ledger, FIRST, NIGHTLY, status="ok")
    assert alerts_after(ledger, NIGHTLY, FIRST + NIGHT, nights=1) != [""]
    with pytest.raises(ValidationError):
        rule(on="source_failed", days=2)


def failed(ledger: Ledger, slot: datetime, source: str = "p.s", status: str = "failed") -> None:
    columns = {"run_id": "r", "provider": "p", "source": source, "slot": slot, "parser_version": "v"}
    counts = dict.fromkeys(("rows_parsed", "rows_accepted", "rows_quarantined"), 0)
    times = {
        "started_at": slot,
        "finished_at": slot,
        "status": status,
        "error": None if status == "ok" else "HTTP 500",
    }
    ledger.append_rows("scrapes", [{**columns, **counts, **times, "capture_ids": []}])


def incident(slot: datetime, severity: str) -> dict[str, Any]:
    columns = {"run_id": "r", "provider": "p", "source": "p.s", "slot": slot, "kind": "page_changed"}
    return {**columns, "severity": severity, "summary": "the page changed", "evidence": "{}"}


def test_what_could_not_be_delivered_is_told_by_the_next_run(ledger: Ledger, inbox: Inbox) -> None:
    cheap = rule(on="price", gpu="H100", pricing_model="spot", under=2.0)
    now = night(ledger, 0, 1.9)
    inbox.closed = True
    undelivered = told(ledger, inbox, now, cheap)
    assert (undelivered.new, undelivered.problem) == (1, "1 of 1 addresses could not be reached")
    inbox.closed = False
    assert told(ledger, inbox, now + timedelta(days=1), cheap) == Notification(1)
    assert told(ledger, inbox, now + timedelta(days=2), cheap) == Notification()
    assert len(inbox.messages) == 1


def test_without_an_address_nothing_counts_as_told(ledger: Ledger) -> None:
    cheap = rule(on="price", gpu="H100", pricing_model="spot", under=2.0)
    assert "names no address" in told(ledger, None, night(ledger, 0, 1.9), cheap).problem
    assert ledger.query("FROM alerts").is_empty()


def test_no_address_is_ever_printed(
    inbox: Inbox, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    inbox.closed = True
    problem = deliver("t", "x", [inbox.address])
    assert SECRET not in problem + caplog.text + "".join(capfd.readouterr())


def test_a_run_tells_and_a_test_message_reaches_the_address(
    tmp_path: Path,
    local: Any,
    inbox: Inbox,
    gpuledger: Any,
    gpuledger_anew: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name, value in local.variables.items():
        monkeypatch.setenv(name, value)
    config = '[[alerts]]\non = "price"\ngpu = "H100"\nunder = 3\n'
    (home / "config.toml").write_text(config, encoding="utf-8")
    tested = gpuledger_anew("alerts", "test", "--home", home)
    assert (tested.returncode, tested.stdout) == (0, "sent to 1, with 1 rules\n")
    ran = gpuledger("nightly", "--home", home)
    assert "alerts     1 new: delivered" in ran.stdout
    assert "H100 on demand costs $2.5 a GPU-hour at local" in inbox.messages[-1]["message"]
    assert f"{(home / 'site').as_uri()}/index.html" in inbox.messages[-1]["message"]
    inbox.closed = True
    refused = gpuledger("alerts", "test", "--home", home)
    assert refused.returncode == 1
    assert SECRET not in refused.stderr + refused.stdout + ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        ({"on": "price", "gpu": "H100"}, "either `under` or `over`"),
        ({"on": "price", "gpu": "H1000", "under": 1}, "no GPU is called 'H1000'"),
        ({"on": "price", "gpu": "H100", "pricing_model": "cheap", "under": 1}, "'cheap' is none of"),
        ({"on": "weather"}, "does not match any of the expected tags"),
        ({"on": "incident", "urgency": 1}, "Extra inputs"),
    ],
)
def test_a_rule_that_is_wrong_says_why(declared: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        rule(**declared)


def test_a_config_that_is_wrong_is_refused_in_a_sentence(
    tmp_path: Path, gpuledger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text('nightly = "3 o\'clock"\n', encoding="utf-8")
    refused = gpuledger("report", "--home", tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"gpuledger: {tmp_path}/config.toml or a GPULEDGER_ variable: nightly:")
    (tmp_path / "config.toml").write_text("[[alerts]\n", encoding="utf-8")
    with pytest.raises(SettingsWrong, match="Expected"):
        read_settings(tmp_path, {})
