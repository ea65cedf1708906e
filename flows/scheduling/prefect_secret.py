"""The secret of this installation's Prefect server."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from flows.scheduling.prefect_environment import FOLDER
from warehouse.atomic import replacing
from warehouse.errors import GpuledgerError

SECRET_FILE: Final = "api-secret"  # noqa: S105 - the name of the file
_USER: Final = "gpuledger"
_PRIVATE: Final = 0o600
_LONGEST: Final = 200


class SecretRefused(GpuledgerError):
    """The secret cannot be kept from other users; the message says what to do."""


def secret_file(home: Path) -> Path:
    """Where the secret of a data folder is."""
    return home / FOLDER / SECRET_FILE


def api_secret(home: Path) -> str:
    """The secret, gpuledger:<random>, made when there is none; its file is readable by its owner alone.

    A file that others could read, or that is not whole, is replaced. Raises SecretRefused where the file
    system keeps no permissions.
    """
    path = secret_file(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(2):
        if found := _read(path):
            return found
        _write(path)
    raise SecretRefused(
        f"{path} cannot be made readable by its owner alone, so that others could start runs; "
        "move the data folder to a file system that keeps permissions"
    )


def _read(path: Path) -> str:
    """The secret in a file that nobody else can read, else ""."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return ""
    with os.fdopen(file, encoding="ascii", errors="replace") as opened:
        mode = os.fstat(file).st_mode
        if not stat.S_ISREG(mode) or stat.S_IMODE(mode) & ~_PRIVATE:
            return ""
        found = opened.read(_LONGEST).strip()
    return found if found.startswith(f"{_USER}:") and found.isascii() and len(found) > len(_USER) + 40 else ""


def _write(path: Path) -> None:
    """Put a new secret in place: whole and private from its first moment."""
    with replacing(path, _PRIVATE) as file:
        file.write(f"{_USER}:{secrets.token_urlsafe(32)}\n".encode("ascii"))
