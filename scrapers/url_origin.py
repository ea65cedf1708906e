"""URL origins: scheme, host and port, and where a key may be sent."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

Origin = tuple[str, str, int]
"""Scheme, host in lower case, and port."""

_PORTS: Final = {"http": 80, "https": 443}


def origin_of(url: str) -> Origin:
    """The origin of an address; raises ValueError for one that has none or that names a user."""
    parts = urlsplit(url)
    if "@" in parts.netloc or "\\" in parts.netloc:
        raise ValueError("its address names a user")
    if not parts.hostname or parts.scheme not in _PORTS:
        raise ValueError("only http and https addresses are fetched")
    return parts.scheme, parts.hostname.rstrip("."), parts.port or _PORTS[parts.scheme]


def named(origin: Origin) -> str:
    """An origin as it is written: https://acme.example, with the port where it is not the usual one."""
    scheme, host, port = origin
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + ("" if _PORTS[scheme] == port else f":{port}")
