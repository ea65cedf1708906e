"""How often a source is read, which every limit depends on."""

from typing import Literal

Cadence = Literal["nightly", "hourly"]
