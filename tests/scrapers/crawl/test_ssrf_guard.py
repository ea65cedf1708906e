from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from scrapy.resolver import dnscache
from twisted.internet.error import DNSLookupError

from scrapers.crawl.ssrf_guard import GuardedResolver, is_allowed, refusal_of


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_public_addresses_are_asked(address: str) -> None:
    assert is_allowed(address, allow_loopback=False)


@pytest.mark.parametrize(
    "address",
    [
        *("10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.1.2.3", "224.0.0.1"),
        *("fe80::1%eth0", "fd00::1", "ff02::1", "::", "::ffff:10.0.0.1", "::ffff:169.254.169.254"),
    ],
)
def test_no_other_address_is_asked_whatever_is_allowed(address: str) -> None:
    assert not is_allowed(address, allow_loopback=True)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_asked_only_where_that_is_allowed(address: str) -> None:
    assert is_allowed(address, allow_loopback=True)
    assert not is_allowed(address, allow_loopback=False)


@pytest.mark.parametrize(
    ("url", "refusal"),
    [
        ("ftp://93.184.216.34/prices", "only http and https addresses are fetched"),
        ("http:///prices", "only http and https addresses are fetched"),
        ("http://[fd00::1]/prices", "fd00::1 is not a public address"),
        ("http://2130706433/", "2130706433 (127.0.0.1) is not a public address"),
        ("https://93.184.216.34/prices", None),
    ],
)
def test_an_address_is_refused_with_the_reason(url: str, refusal: str | None) -> None:
    assert asyncio.run(refusal_of(url, allow_loopback=False)) == refusal


def test_a_name_that_resolves_otherwise_the_second_time_is_still_refused() -> None:
    resolver = GuardedResolver(object(), 10, 1.0)  # type: ignore[arg-type]
    answers: dict[str, Any] = {}
    for name, address in {"rebound.example": "192.168.0.1", "honest.example": "93.184.216.34"}.items():
        dnscache[name] = address
        resolver.getHostByName(name).addBoth(partial(answers.__setitem__, name))
        del dnscache[name]
    assert answers["honest.example"] == "93.184.216.34"
    assert answers["rebound.example"].check(DNSLookupError)
