from __future__ import annotations

import asyncio
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.resolver import dnscache
from twisted.internet.error import DNSLookupError

from scrapers.crawl.ssrf_guard import GuardedResolver, is_allowed, is_public, refusal_of

_ADDRESS: dict[int, Any] = {4: IPv4Address, 6: IPv6Address}


@pytest.mark.parametrize(
    "address",
    [
        *(
            "93.184.216.34",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.32.0.1",
            "198.20.0.1",
            "192.0.1.1",
        ),
        *("2606:2800:220:1::1", "2a00:1450::1", "2400::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"),
    ],
)
def test_public_addresses_are_asked(address: str) -> None:
    assert is_allowed(address, allow_loopback=False)


def address_in(network: str) -> st.SearchStrategy[str]:
    found = ip_network(network)
    last = int(found.network_address) + found.num_addresses - 1
    return st.integers(int(found.network_address), last).map(
        lambda number: str(_ADDRESS[found.version](number))
    )


@pytest.mark.parametrize(
    "network",
    [
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"),
        *("::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:2::/48", "2001:10::/28", "2001:20::/28"),
        *("2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
        *("::ffff:0:0:0/96", "4000::/3", "8000::/1"),
    ],
)
@given(drawn=st.data())
def test_no_address_of_a_network_that_is_not_public_is_asked(network: str, drawn: st.DataObject) -> None:
    address = drawn.draw(address_in(network))
    assert not is_public(address)
    if ip_network(network).version == 4:
        for carrying in carriers_of(address):
            assert not is_public(carrying)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_an_ipv4_address_inside_of_ipv6_is_judged_as_itself(address: IPv4Address) -> None:
    assert {is_public(carrying) for carrying in carriers_of(str(address))} == {is_public(str(address))}


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_what_every_release_of_python_calls_private_is_not_public(address: IPv4Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert not is_public(str(address))


def carriers_of(address: str) -> list[str]:
    number = int(IPv4Address(address))
    mapped, nat64 = IPv6Address("::ffff:0:0"), IPv6Address("64:ff9b::")
    inside = [int(mapped) | number, int(nat64) | number, 0x2002 << 112 | number << 80 | 1]
    return [str(IPv6Address(carrying)) for carrying in inside]


@pytest.mark.parametrize("address", ["", "site.example", "999.1.1.1", "10.0.0", "::g", "93.184.216.34:80"])
def test_what_is_not_an_ip_address_is_not_public(address: str) -> None:
    assert not is_public(address)


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
        ("http://[::/prices", "the address cannot be read"),
        ("http://site.example:port/", "the address cannot be read"),
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
