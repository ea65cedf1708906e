"""Requests of a source and their captures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

Role = Literal["response", "rendered", "robots", "resource"]


@dataclass(frozen=True)
class FetchRequest:
    """One request of a source.

    `label` tells a page which answer it holds when a source asks several things; `json` is sent as
    a POST body; `wait_for` is a CSS selector that must appear before a rendered page is read, and
    makes the request go through the browser.
    """

    url: str
    label: str = ""
    json: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_for: str = ""

    @property
    def method(self) -> str:
        """GET, or POST where a JSON body is sent."""
        return "GET" if self.json is None else "POST"


@dataclass(frozen=True)
class Capture:
    """One archived payload: the bytes that every figure read from them is traced to.

    `role` is response (bytes as received, content encoding undone), rendered (the page after its
    scripts ran), resource (what the browser fetched for the page) or robots. `charset` is the one that the
    answer names in its Content-Type, empty where it names none.
    """

    source: str
    url: str
    fetched_at: datetime
    http_status: int
    media_type: str
    body: bytes
    role: Role = "response"
    label: str = ""
    asked: Mapping[str, Any] | None = None
    warc_file: str = ""
    warc_offset: int = 0
    charset: str = ""

    @cached_property
    def capture_id(self) -> str:
        """SHA-256 of the payload, hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()
