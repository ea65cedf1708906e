"""The SSRF guard: requests reach public addresses over http and https only.

A page or a redirect of a stranger must not be able to point the crawl at this machine or its network. This
module is the only one that decides what is public: the crawl's middleware and resolver use it, and so does
the proxy of the browser. A name is checked again whenever it is resolved, because the answer may differ.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError

logger = logging.getLogger(__name__)

ALLOW_LOOPBACK: Final = "GPULEDGER_ALLOW_LOOPBACK"
WEB_PORTS: Final = frozenset({80, 443})

# The IANA registries of special-purpose addresses. `ipaddress.is_global` is not used: it changes with the
# release of Python and calls addresses public that carry a private one inside.
NOT_PUBLIC: Final = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this host
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # carrier-grade NAT
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # the platform of Azure, in every virtual machine
            "169.254.0.0/16",  # link-local, the metadata of clouds
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
            "2001::/23",  # protocol assignments, Teredo and ORCHID among them
            "2001:db8::/32",  # documentation
            "3fff::/20",  # documentation
        ),
    )
)
"""What is never asked. Of IPv6 the rest of 2000::/3 alone is public: local, unique local, site-local and
multicast addresses are outside of it."""

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
# Prefixes whose addresses stand for an IPv4 address, and the lowest bit of that address in them.
_CARRIERS: Final = (
    (IPv6Network("::ffff:0:0/96"), 0),  # mapped
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64; its local prefix, 64:ff9b:1::/48, is not public
    (IPv6Network("2002::/16"), 80),  # 6to4
)


class AddressRefused(IgnoreRequest):
    """An address must not be asked; the message says why."""


class AddressGuard:
    """Middleware: ends requests that would leave the public internet."""

    def __init__(self, *, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the setting."""
        return cls(allow_loopback=crawler.settings.getbool(ALLOW_LOOPBACK))

    async def process_request(self, request: Request) -> None:
        """Raise IgnoreRequest for an address that is none of the crawl's business."""
        refusal = await refusal_of(request.url, allow_loopback=self._allow_loopback)
        if refusal:
            raise IgnoreRequest(refusal)


class GuardedResolver(CachingThreadedResolver):
    """Resolves names to public addresses only."""

    allow_loopback = False

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:
        """Read the setting."""
        resolver = super().from_crawler(crawler, reactor)
        resolver.allow_loopback = crawler.settings.getbool(ALLOW_LOOPBACK)
        return resolver

    def getHostByName(self, name: str, timeout: object = ()) -> Deferred[str]:  # noqa: N802 (Twisted's name)
        """The address of a name; fails with DNSLookupError where it is not public."""
        found: Deferred[str] = super().getHostByName(name)

        def checked(address: str) -> str:
            if not is_allowed(address, allow_loopback=self.allow_loopback):
                raise DNSLookupError(not_public(name, address))
            return address

        return found.addCallback(checked)


@dataclass(frozen=True)
class Destinations:
    """Where one crawl, or one page of it, may connect to.

    `ports` are those of public addresses; on loopback, where that is allowed, every port is. `only` names
    the (host, port) pairs that are left where a request bears a credential, None where none does.
    """

    allow_loopback: bool = False
    ports: frozenset[int] = WEB_PORTS
    only: frozenset[tuple[str, int]] | None = None

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host, all of them allowed, in the order to be tried.

        Raises Refused where one of them is not, and OSError where the name does not resolve.
        """
        if self.only is not None and (host.lower(), port) not in self.only:
            raise AddressRefused(
                f"{host}:{port} is not the declared origin, and the request bears a credential"
            )
        found = await resolved(host, port)
        for address in found:
            if not is_allowed(address, allow_loopback=self.allow_loopback):
                raise AddressRefused(not_public(host, address))
            if port not in self.ports and not (self.allow_loopback and is_loopback(address)):
                raise AddressRefused(f"port {port} of {host} is not a port of the web")
        return found


async def resolved(host: str, port: int | None) -> list[str]:
    """Every address of a host; raises OSError where it has none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except ValueError as problem:
        raise OSError(f"{host!r} is not a host name") from problem
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


async def refusal_of(url: str, *, allow_loopback: bool) -> str | None:
    """Why an address must not be asked, None where it may be or where its name does not resolve."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "the address cannot be read"
    if parts.scheme not in {"http", "https"} or not host:
        return "only http and https addresses are fetched"
    try:
        found = await resolved(host, port)
    # The request itself will find out, and say so in its own words.
    except OSError:
        return None
    for address in found:
        if not is_allowed(address, allow_loopback=allow_loopback):
            return not_public(host, address)
    return None


def not_public(host: str, address: str) -> str:
    """Why a host is not asked."""
    where = host if host == address else f"{host} ({address})"
    return f"{where} is not a public address"


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet; False for what is not an IP address."""
    try:
        ip = carried(ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    if isinstance(ip, IPv6Address) and ip not in _GLOBAL_UNICAST:
        return False
    return not any(ip in network for network in NOT_PUBLIC if network.version == ip.version)


def is_allowed(address: str, *, allow_loopback: bool) -> bool:
    """Whether an IP address is public, or loopback where that is allowed."""
    return is_public(address) or (allow_loopback and is_loopback(address))


def is_loopback(address: str) -> bool:
    """Whether an IP address is this machine's loopback."""
    try:
        return carried(ip_address(address.partition("%")[0])).is_loopback
    except ValueError:
        return False


def carried(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address stands for, or the address itself."""
    if isinstance(ip, IPv6Address):
        for network, bit in _CARRIERS:
            if ip in network:
                return IPv4Address(int(ip) >> bit & 0xFFFFFFFF)
    return ip
