"""Errors of the operating system, also inside DuckDB's: no space, no permission, a failing disk."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_FREE: Final = "free some space, then start the command again"
_ALLOW: Final = "let the user who runs gpuledger write there, then start the command again"
ADVICE: Final[Mapping[int, str]] = MappingProxyType(
    {
        errno.ENOSPC: _FREE,
        errno.EDQUOT: _FREE,
        errno.EFBIG: _FREE,
        errno.EROFS: _ALLOW,
        errno.EACCES: _ALLOW,
        errno.EPERM: _ALLOW,
        errno.EMFILE: "raise the limit of open files (ulimit -n), then start the command again",
        errno.EIO: "the disk may be failing: copy the data folder to another one",
    }
)
"""What to do about an error of the machine, by its number."""


def refused_by_machine(problem: BaseException) -> int | None:
    """The number of the machine's error behind a problem; None where it was not the machine."""
    if isinstance(problem, OSError):
        return problem.errno if problem.errno in ADVICE else None
    # DuckDB gives the system's words and not the number.
    said = str(problem)
    return next((number for number in ADVICE if os.strerror(number) in said), None)
