"""Where requests may go: the public internet by http or https, and nowhere else.

A page or a redirect of a stranger must not be able to point the crawl at this machine or its network.
Addresses are checked before a request and again when its name is resolved, because a name may resolve
differently the second time.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
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
_PRIVATE_HOSTS: Final = (
    "0.*",
    "10.*",
    "169.254.*",
    *(f"172.{second}.*" for second in range(16, 32)),
    "192.168.*",
    *(f"f{letter}*:*" for letter in "cde"),
)
_LOOPBACK_HOSTS: Final = ("localhost", "*.localhost", "127.*", "::1", "::ffff:*")


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


async def refusal_of(url: str, *, allow_loopback: bool) -> str | None:
    """Why an address must not be asked, None where it may be or where its name does not resolve."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "only http and https addresses are fetched"
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            parts.hostname, parts.port, type=socket.SOCK_STREAM
        )
    # The request itself will find out, and say so in its own words.
    except (OSError, ValueError):
        return None
    for *_, place in found:
        if not is_allowed(str(place[0]), allow_loopback=allow_loopback):
            return not_public(parts.hostname, str(place[0]))
    return None


def not_public(host: str, address: str) -> str:
    """Why a host is not asked."""
    where = host if host == address else f"{host} ({address})"
    return f"{where} is not a public address"


def is_allowed(address: str, *, allow_loopback: bool) -> bool:
    """Whether an IP address is public, or loopback where that is allowed."""
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return (ip.is_global and not ip.is_multicast) or (allow_loopback and ip.is_loopback)


def resolver_rules(*, recorded: bool, allow_loopback: bool) -> str:
    """Chromium's --host-resolver-rules: a redirect inside the browser passes no check of ours.

    Under a recorded web nothing resolves at all, so that no request can leave unnoticed.
    """
    if recorded:
        return "MAP * ~NOTFOUND"
    hosts = _PRIVATE_HOSTS if allow_loopback else (*_PRIVATE_HOSTS, *_LOOPBACK_HOSTS)
    return ", ".join(f"MAP {host} ~NOTFOUND" for host in hosts)
