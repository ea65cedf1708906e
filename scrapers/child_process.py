"""Child processes that end with the process that started them."""

from __future__ import annotations

import os
import time
from threading import Thread
from typing import Final

_SECONDS_BETWEEN_LOOKS: Final = 1.0


def end_with_parent() -> None:
    """From now on, end this process once its parent is gone: nobody is left to use what it does."""
    Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(1)
