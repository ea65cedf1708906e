"""JSON APIs by GET or POST."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any, Final

import orjson

from scrapers.formats.base import SourceFormat
from scrapers.page import Capture, Json, PageBroken

_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
# Ten times the largest answer of a healthy night; a bomb has more, and takes minutes to run out of memory.
_MOST_VALUES: Final = 20_000_000


class JsonApi(SourceFormat[Json]):
    """Answers as decoded values."""

    document = Json

    def opened(self, capture: Capture) -> Json:
        """A JSON answer decoded; HTML with status 200 in place of JSON raises PageBroken."""
        values = sum(capture.body.count(sign) for sign in (b",", b"[", b"{"))
        if values > _MOST_VALUES:
            raise PageBroken(f"{capture.url} answered more than {_MOST_VALUES:,} values")
        # Several times as fast, and strict: what it refuses, such as NaN, the standard library may read.
        with suppress(ValueError):
            return Json(capture, orjson.loads(capture.body))
        try:
            text = capture.body.decode(json.detect_encoding(capture.body))
            value: Any = json.loads(text)
            if _HALF.search(text):
                value = _whole(value)
        except (ValueError, RecursionError) as problem:
            start = capture.body[:60].decode("utf-8", "replace")
            raise PageBroken(f"{capture.url} answered no JSON ({problem}); it begins {start!r}") from problem
        return Json(capture, value)


def _whole(value: Any) -> Any:
    """The value without halves of surrogate pairs, which JSON can spell and no file can hold."""
    if isinstance(value, dict):
        return {_whole(name): _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value
