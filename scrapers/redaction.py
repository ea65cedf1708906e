"""What must never stand in an archive: credentials in headers and in addresses."""

from __future__ import annotations

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


def redacted_url(url: str) -> str:
    """The address without user and password and without the values of parameters that hold secrets."""
    return _SECRET_PARAMETER.sub(rf"\g<1>{REDACTED}", _USER.sub(r"\g<1>", url))


def redacted_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers, with the values of those that carry credentials replaced and addresses redacted."""
    return [
        (name, REDACTED if _SECRET_HEADER.search(name) else _SECRET_PARAMETER.sub(rf"\g<1>{REDACTED}", value))
        for name, value in headers
    ]
