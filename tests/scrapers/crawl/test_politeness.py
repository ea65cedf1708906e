from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
from scrapy import Request
from scrapy.core.downloader import Slot
from scrapy.http import Response

from scrapers.crawl.retry import wait_before
from scrapers.crawl.robots import is_absent
from scrapers.crawl.throttle import LONGEST_WAIT, slow_down

URL = "https://acme.example/prices"


def tried(times: int) -> Request:
    return Request(URL, meta={"retry_times": times})


def told(retry_after: str) -> Response:
    return Response(URL, 503, {"Retry-After": retry_after})


def test_each_wait_is_longer_than_the_one_before() -> None:
    for _ in range(20):
        first, second, third = (wait_before(tried(times)) for times in (1, 2, 3))
        assert 1 <= first < second < third <= LONGEST_WAIT


@pytest.mark.parametrize(("asked", "seconds"), [("7", 7), ("0", 0), ("86400", LONGEST_WAIT)])
def test_retry_after_is_honoured_within_bounds(asked: str, seconds: float) -> None:
    assert wait_before(tried(3), told(asked)) == seconds


def test_retry_after_may_be_a_date() -> None:
    then = datetime.now(UTC) + timedelta(seconds=30)
    assert 28 <= wait_before(tried(1), told(format_datetime(then, usegmt=True))) <= 30
    assert wait_before(tried(1), told("Fri, 20 Nov 2020 03:00:00 GMT")) == 0


def test_a_retry_after_that_says_nothing_is_passed_over() -> None:
    assert 1 <= wait_before(tried(1), told("soon")) <= 2


@pytest.mark.parametrize(
    ("declared", "asked", "held"), [(1, 10, 10), (6.5, 2, 6.5), (1, 0, 1), (1, 3600, 60)]
)
def test_a_crawl_delay_lengthens_what_is_declared_and_never_shortens_it(
    declared: float, asked: float, held: float
) -> None:
    slot = Slot(concurrency=1, delay=declared, jitter=0)
    settings = {"acme.example": {"delay": declared, "concurrency": 1}}
    downloader = SimpleNamespace(per_slot_settings=settings, slots={"acme.example": slot})
    slow_down(downloader, "https://acme.example", asked)  # type: ignore[arg-type]
    assert (slot.delay, settings["acme.example"]["delay"]) == (held, held)


@pytest.mark.parametrize(
    ("status", "absent"),
    [(404, True), (410, True), (401, True), (204, True), (429, False), (408, False), (503, False)],
)
def test_a_host_that_has_no_time_now_has_not_said_that_it_has_no_rules(status: int, absent: bool) -> None:
    assert is_absent(status) is absent
