"""JSON APIs: GET or POST, paged by the provider's own `follow` where it has one."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import orjson

from scrapers.formats.page_module import follow_requests
from scrapers.page import Capture, Document, FetchRequest, PageBroken, Payload
from scrapers.registry import Source

_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
# Ten times the largest answer of a healthy night; a bomb has more, and takes minutes to run out of memory.
_MOST_VALUES: Final = 20_000_000


def follow(source: Source, request: FetchRequest, capture: Capture) -> list[FetchRequest]:
    """What `<source>_follow` of the provider's page asks next; nothing where there is none."""
    return follow_requests(source, request, opened, capture)


def documents(captures: Sequence[Capture]) -> list[Document]:
    """The answers decoded; raises PageBroken for one that is no JSON."""
    return [opened(capture) for capture in captures if capture.role == "response"]


def opened(capture: Capture) -> Payload:
    """A JSON answer decoded; HTML with status 200 in place of JSON raises PageBroken."""
    values = sum(capture.body.count(sign) for sign in (b",", b"[", b"{"))
    if values > _MOST_VALUES:
        raise PageBroken(f"{capture.url} answered more than {_MOST_VALUES:,} values")
    # Several times as fast, and strict: what it refuses, such as NaN, the standard library may still read.
    with suppress(ValueError):
        return Payload(capture, orjson.loads(capture.body))
    try:
        text = capture.body.decode(json.detect_encoding(capture.body))
        value: Any = json.loads(text)
        if _HALF.search(text):
            value = _whole(value)
    except (ValueError, RecursionError) as problem:
        start = capture.body[:60].decode("utf-8", "replace")
        raise PageBroken(f"{capture.url} answered no JSON ({problem}); it begins {start!r}") from problem
    return Payload(capture, value)


def _whole(value: Any) -> Any:
    """The value without halves of surrogate pairs, which JSON can spell and no file can hold."""
    if isinstance(value, dict):
        return {_whole(name): _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value
