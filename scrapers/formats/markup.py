"""Text of HTML responses: decoding, and detection of truncated pages."""

from __future__ import annotations

import re
from typing import Final

from w3lib.encoding import html_body_declared_encoding, read_bom, resolve_encoding

from scrapers.page import Capture, PageBroken

_NO_MARKUP: Final = re.compile(
    r"(?is)<(script|style|noscript|template)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)"
)
_TABLE: Final = re.compile(r"(?i)<table\b")
_TABLE_END: Final = re.compile(r"(?i)</table\s*>")


def text_of(capture: Capture) -> str:
    """The page decoded: as UTF-8 where it is that, else as it says of itself.

    Many a page says of itself what it is not, and hardly any other text is valid UTF-8 by chance. Bytes that
    are neither become replacement characters, which no record may hold.
    """
    marked, _ = read_bom(capture.body)
    named = (marked, "utf-8", resolve_encoding(capture.charset), html_body_declared_encoding(capture.body))
    for charset in filter(None, named):
        try:
            return capture.body.decode(charset)
        except (UnicodeDecodeError, LookupError):
            continue
    return capture.body.decode("utf-8", "replace")


def refuse_part(capture: Capture, text: str) -> None:
    """Raise PageBroken for a page that ends inside a table: its last price may be half a price."""
    markup = _NO_MARKUP.sub("", text)
    if len(_TABLE.findall(markup)) > len(_TABLE_END.findall(markup)):
        raise PageBroken(f"{capture.url} breaks off in the middle of a table")
