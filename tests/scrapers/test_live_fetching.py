"""Live fetching from a server on this machine that misbehaves in every way that the real ones do.

One crawl asks every source at once, as a night does, and the tests look at what became of each; another
one reads the archives that it left, with the server down.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scrapers.archive.writer import Archive, read_archive
from scrapers.browser import find_chromium
from scrapers.crawl.client import FetchPlan, FetchRefused, Job, fetch
from scrapers.page import Capture

CHROMIUM = find_chromium(os.environ.get("GPULEDGER_CHROMIUM"))
SLOT = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
SECRET = "very-secret"  # noqa: S105 (a made-up one)


@dataclass(frozen=True)
class Night:
    """One crawl over every source, with what it was asked and what it archived."""

    plan: FetchPlan
    archives: dict[str, Archive]
    told: list[Job]

    def errors(self, source: str) -> tuple[str, ...]:
        return self.archives[f"loopback.{source}"].outcome.errors

    def captures(self, source: str) -> list[Capture]:
        return self.archives[f"loopback.{source}"].captures

    def answers(self, source: str) -> list[Capture]:
        return self.archives[f"loopback.{source}"].answers


def carried_out(plan: FetchPlan) -> Night:
    told: list[Job] = []
    paths = asyncio.run(fetch(plan, lambda job, path: told.append(job)))
    archives = {job.source: read_archive(path, plan.home) for job, path in paths.items()}
    return Night(plan, archives, told)


def asks(*urls: str, more: str = "") -> list[str]:
    return [f'url = "{url}"\n{more}' for url in urls]


@pytest.fixture(scope="module")
def plan(
    server: Any,
    unruled_server: Any,
    untrusted_server: Any,
    declare: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> FetchPlan:
    here, slow_here = server.url, server.url.replace("127.0.0.1", "localhost")
    secrets = f'headers = {{ Authorization = "Bearer {SECRET}" }}'
    sources = {
        "plain": ("html_table", 60, asks(f"{here}/plain?api_key={SECRET}&page=1", more=secrets)),
        "paged": ("json_api", 60, asks(f"{here}/paged", more="json = { cursor = 1 }")),
        "rendered": ("rendered_page", 60, asks(f"{here}/rendered", more='wait_for = ".price"')),
        "nosy": ("rendered_page", 60, asks(f"{here}/nosy", more='wait_for = ".price"')),
        "gone": ("rendered_page", 60, asks(f"{here}/nothing", more='wait_for = ".price"')),
        "led_astray": ("rendered_page", 60, asks(f"{here}/sent_away", more='wait_for = ".price"')),
        "busy": ("json_api", 60, asks(f"{here}/busy")),
        "broken": ("json_api", 60, asks(f"{here}/broken")),
        "quota": ("json_api", 60, asks(f"{here}/quota")),
        "slow": ("json_api", 60, asks(f"{slow_here}/hung")),
        "hung": ("json_api", 2, asks(f"{slow_here}/hung?all=1", f"{slow_here}/plain")),
        "truncated": ("json_api", 60, asks(f"{here}/truncated")),
        "mistaken": ("json_api", 60, asks(f"{here}/mistaken")),
        "defective": ("json_api", 60, asks(f"{here}/defective")),
        "moved": ("html_table", 60, asks(f"{here}/moved", more='label = "prices"')),
        "sent_away": ("html_table", 60, asks(f"{here}/sent_away", f"{here}/plain")),
        "local_file": ("html_table", 60, asks("file:///etc/hostname")),
        "oversize": ("json_api", 60, asks(f"{here}/oversize")),
        "unwelcome": ("html_table", 60, asks(f"{here}/private/prices")),
        "unruled": ("html_table", 60, asks(f"{unruled_server.url}/plain")),
        "untrusted": ("html_table", 60, asks(f"{untrusted_server.url}/plain")),
        "unreachable": ("html_table", 60, asks("http://127.0.0.1:9/prices")),
    }
    folder = declare(tmp_path_factory.mktemp("providers"), sources)
    return FetchPlan(
        home=tmp_path_factory.mktemp("home"),
        run_id="live0000",
        jobs=tuple(Job(f"loopback.{name}", SLOT) for name in sources),
        allow_loopback=True,
        chromium=CHROMIUM,
        providers=folder,
        request_timeout=3,
    )


@pytest.fixture(scope="module")
def night(plan: FetchPlan) -> Night:
    return carried_out(plan)


def test_every_source_is_archived_however_it_ended(night: Night) -> None:
    assert (
        {job.source for job in night.told} == set(night.archives) == {job.source for job in night.plan.jobs}
    )


def test_an_answer_is_archived_as_received_and_read_decoded(night: Night) -> None:
    (page,) = night.answers("plain")
    assert (page.body, page.media_type, page.http_status) == (b"<h1>Prices</h1>", "text/html", 200)
    assert gzip.compress(b"x")[:2] in _members(night.plan.home / page.warc_file)


def test_no_secret_reaches_the_archive(night: Night) -> None:
    (page,) = night.answers("plain")
    assert page.url.endswith("/plain?api_key=REDACTED&page=1")
    assert SECRET.encode() not in _members(night.plan.home / page.warc_file)
    assert b"Authorization: REDACTED" in _members(night.plan.home / page.warc_file)


def test_a_paged_post_is_followed_to_its_end(night: Night) -> None:
    first, second = night.answers("paged")
    assert (first.asked, second.asked) == ({"cursor": 1}, {"cursor": 2})
    assert second.label == "page 2"


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium")
def test_a_page_is_archived_as_served_as_rendered_and_with_what_it_fetched(night: Night) -> None:
    served, data, rendered = sorted(
        (capture for capture in night.captures("rendered") if capture.role != "robots"),
        key=lambda capture: ["response", "resource", "rendered"].index(capture.role),
    )
    assert b"2.20" not in served.body
    assert data.body == b'["1.10", "2.20"]'
    assert b'<p class="price">2.20</p>' in rendered.body
    assert rendered.fetched_at == served.fetched_at
    assert night.errors("rendered") == ()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium")
def test_a_page_reaches_no_private_address(night: Night) -> None:
    assert night.errors("nosy") == ()
    finding = ("blocked_request", "192.168.0.1", "192.168.0.1 is not a public address")
    assert finding in night.archives["loopback.nosy"].outcome.findings
    assert not any("192.168" in capture.url for capture in night.captures("nosy"))
    (error,) = night.errors("led_astray")
    assert error.endswith("10.255.255.1 is not a public address")
    assert night.answers("led_astray") == []


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium")
def test_a_page_that_is_gone_is_archived_and_called_so(night: Night, server: Any) -> None:
    (page,) = (capture for capture in night.captures("gone") if capture.role == "response")
    assert (page.http_status, page.body) == (404, b"nothing here")
    assert night.errors("gone") == (f"{server.url}/nothing: HTTP 404",)


def test_a_busy_server_is_asked_again_when_it_said(night: Night) -> None:
    refused, answered = (capture for capture in night.captures("busy") if capture.role == "response")
    assert (refused.http_status, answered.http_status) == (429, 200)
    assert (answered.fetched_at - refused.fetched_at).total_seconds() >= 1
    assert (night.errors("busy"), night.answers("busy")) == ((), [answered])


def test_a_used_up_daily_quota_is_not_tried_again(night: Night, server: Any) -> None:
    assert night.errors("quota") == (f"{server.url}/quota: HTTP 429",)
    assert server.asked["/quota"] == 1


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("broken", "/broken: HTTP 500 (3 tries)"),
        ("slow", "/hung: timed out after 3 s (3 tries)"),
        ("hung", "the 2 s of the source ran out with 2 requests to go"),
        ("truncated", "/truncated: the answer broke off before its end (3 tries)"),
        ("mistaken", "/mistaken answered no JSON"),
        ("defective", "KeyError: 'a field that its author took for granted'"),
        ("sent_away", "/sent_away: 10.255.255.1 is not a public address"),
        ("local_file", "file:///etc/hostname: only http and https addresses are fetched"),
        ("oversize", "/oversize: the answer is larger than 128 MiB"),
        ("unwelcome", "/private/prices: robots.txt disallows it"),
        ("untrusted", "the certificate of 127.0.0.1 could not be verified"),
        ("unreachable", "/prices: robots.txt could not be read, so nothing is fetched: 127.0.0.1 refused"),
    ],
)
def test_a_failure_is_one_sentence_and_fails_its_source_alone(night: Night, source: str, error: str) -> None:
    (said,) = night.errors(source)
    assert error in said
    assert not night.archives[f"loopback.{source}"].outcome.ok


def test_what_time_ran_out_for_is_named(night: Night, server: Any) -> None:
    left = night.archives["loopback.hung"].outcome.truncated
    assert [url.rpartition("/")[2] for url in left] == ["hung?all=1", "plain"]


def test_a_failed_request_does_not_stop_the_next_one_of_its_source(night: Night) -> None:
    (page,) = night.answers("sent_away")
    assert page.url.endswith("/plain")


def test_an_answer_that_is_no_answer_is_archived_all_the_same(night: Night) -> None:
    (page,) = night.answers("mistaken")
    assert page.body == b"<h1>Please come back later</h1>"


def test_every_hop_of_a_redirect_is_archived_and_the_last_is_the_answer(night: Night) -> None:
    hops = [capture for capture in night.captures("moved") if capture.role == "response"]
    assert [hop.http_status for hop in hops] == [301, 200]
    assert night.answers("moved") == hops[1:]
    assert hops[1].label == "prices"


def test_every_request_says_who_asks(night: Night, server: Any) -> None:
    assert {agent.partition("/")[0] for agent in server.agents} == {"gpuledger"}
    assert all("+https://" in agent for agent in server.agents)


@pytest.mark.parametrize(
    ("source", "robots"),
    [
        ("plain", "allowed"),
        ("unwelcome", "disallowed"),
        ("unruled", "absent"),
        ("unreachable", "unreachable"),
    ],
)
def test_robots_txt_is_obeyed_and_archived_with_each_job(night: Night, source: str, robots: str) -> None:
    assert night.archives[f"loopback.{source}"].outcome.robots == robots
    archived = [capture for capture in night.captures(source) if capture.role == "robots"]
    assert len(archived) == (0 if robots == "unreachable" else 1)


def test_the_archive_of_a_night_answers_as_the_network_did(night: Night, server: Any) -> None:
    asked = server.asked.total()
    names = ["plain", "paged", "busy", "broken", "moved", "mistaken", *(["rendered"] if CHROMIUM else [])]
    replay = carried_out(
        replace(
            night.plan,
            home=night.plan.home / "replay",
            run_id="replayed",
            jobs=tuple(Job(f"loopback.{name}", SLOT) for name in [*names, "slow"]),
            recorded=night.plan.home / "raw",
        )
    )
    assert server.asked.total() == asked
    for name in names:
        assert [_content(capture) for capture in replay.answers(name)] == [
            _content(capture) for capture in night.answers(name)
        ]
    assert replay.errors("slow")[0].endswith("/hung: not in the archive")


def test_this_machine_is_not_asked_unless_that_is_allowed(plan: FetchPlan, server: Any) -> None:
    asked = server.asked.total()
    jobs = (Job("loopback.plain", SLOT), Job("loopback.slow", SLOT))
    night = carried_out(replace(plan, run_id="outside0", jobs=jobs, allow_loopback=False))
    assert night.errors("plain")[0].endswith("127.0.0.1 is not a public address")
    assert "localhost (" in night.errors("slow")[0]
    assert server.asked.total() == asked


def test_a_crawl_that_is_cancelled_leaves_only_what_is_marked_unfinished(
    plan: FetchPlan, caplog: pytest.LogCaptureFixture
) -> None:
    killed = replace(plan, run_id="killed00", jobs=(Job("loopback.slow", SLOT),))

    async def cancelled() -> None:
        crawl = asyncio.create_task(fetch(killed, lambda job, path: None))
        while not _archives(killed.home, "killed00"):
            await asyncio.sleep(0.05)
        crawl.cancel()
        with suppress(asyncio.CancelledError):
            await crawl

    with caplog.at_level(logging.WARNING):
        asyncio.run(cancelled())
    (left,) = _archives(killed.home, "killed00")
    assert left.name.endswith(".warc.gz.part")
    assert not caplog.messages


def test_a_plan_that_names_no_source_is_refused_with_the_reason(plan: FetchPlan) -> None:
    unknown = replace(plan, run_id="unknown0", jobs=(Job("loopback.prices", SLOT),))
    with pytest.raises(FetchRefused, match=r"no source is called 'loopback\.prices'"):
        carried_out(unknown)


def _archives(home: Path, run: str) -> list[Path]:
    return list(home.glob(f"raw/*/*.{run}.warc.gz*"))


def _members(path: Path) -> bytes:
    """A WARC file with its own compression undone."""
    return gzip.decompress(path.read_bytes())


def _content(capture: Capture) -> tuple[Any, ...]:
    return capture.capture_id, capture.url, capture.role, capture.label, capture.asked, capture.fetched_at
