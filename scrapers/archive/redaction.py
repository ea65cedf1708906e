"""Redaction: credentials are removed from archives and logs.

Headers and parameters are known by their names; beyond them, the values of this installation's own keys are
struck out wherever they are met, also where a source echoes one in a body. Such a capture says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final

REDACTED: Final = "REDACTED"
_SECRET_HEADER: Final = re.compile(r"(?i)authorization|cookie|api-?key|token|secret")
_SECRET_PARAMETER: Final = re.compile(
    r"(?i)([?&;](?:key|sig|signature|auth|authorization|password|passwd|[\w.-]*api[_-]?key"
    r"|[\w.-]*token|[\w.-]*secret|x-amz-credential|x-amz-signature)=)[^&;#]*"
)
_USER: Final = re.compile(r"(?i)^(https?://)[^/?#@]*@")


# A shorter value stands in prices and words by chance; to strike it out there would falsify them.
_SHORTEST_SECRET: Final = 8


class Secrets:
    """Values that are struck out of texts and bodies, as they are and as addresses and JSON spell them."""

    def __init__(self, values: Iterable[str]) -> None:
        known = sorted({value for value in values if len(value) >= _SHORTEST_SECRET}, key=len, reverse=True)
        self._known = bool(known)
        pattern = "|".join("".join(map(_spelt, value)) for value in known) or r"(?!)"
        self._in_text = re.compile(pattern)
        self._in_bytes = re.compile(pattern.encode())

    def struck(self, text: str) -> str:
        """The text without any of them."""
        return self._in_text.sub(REDACTED, text) if self._known else text

    def struck_bytes(self, body: bytes) -> bytes:
        """The body without any of them, in UTF-8."""
        return self._in_bytes.sub(REDACTED.encode(), body) if self._known else body

    def struck_headers(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """The headers without any of them."""
        return [(self.struck(name), self.struck(value)) for name, value in headers]


def _spelt(letter: str) -> str:
    """A pattern of one letter of a secret in all the spellings that addresses and JSON have for it."""
    if letter.isascii() and letter.isalnum():
        return letter
    coded = "".join(f"%{byte:02x}" for byte in letter.encode())
    spellings = [letter, coded, json.dumps(letter)[1:-1], f"\\{letter}", f"\\u{ord(letter):04x}"]
    ways = "|".join(f"(?i:{re.escape(way)})" for way in dict.fromkeys(spellings))
    return rf"(?:{ways}|\+)" if letter == " " else f"(?:{ways})"


def redacted_url(url: str) -> str:
    """The address without user and password and without the values of parameters that hold secrets."""
    return _SECRET_PARAMETER.sub(rf"\g<1>{REDACTED}", _USER.sub(r"\g<1>", url))


def redacted_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers, with the values of those that carry credentials replaced and addresses redacted."""
    return [
        (name, REDACTED if _SECRET_HEADER.search(name) else _SECRET_PARAMETER.sub(rf"\g<1>{REDACTED}", value))
        for name, value in headers
    ]


def is_secret(header: str) -> bool:
    """Whether a header of this name carries a credential."""
    return bool(_SECRET_HEADER.search(header))
