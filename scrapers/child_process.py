"""Child processes: their environment, and their end together with the parent."""

from __future__ import annotations

import os
import time
from threading import Thread
from typing import Final

_SECONDS_BETWEEN_LOOKS: Final = 1.0


def inherited() -> dict[str, str]:
    """The environment of a child process: that of this process, without what opens a Prefect server's API.

    A run that Prefect started has the API's key in its environment; a crawl, its browser and a parser of
    other people's bytes need none.
    """
    return {name: value for name, value in os.environ.items() if not name.upper().startswith("PREFECT_")}


def end_with_parent() -> None:
    """From now on, end this process once its parent is gone: nobody is left to use what it does."""
    Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(1)
