"""The demo: sixty nights of a simulated, recorded web through the real pipeline.

Every provider's folder holds its simulated answers; they are archived as WARC once, and the nightly
flow then reads them as it would read the network.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from flows.runtime.installation import Installation
from flows.runtime.run import RunRequest
from scrapers.registry import shipped
from scrapers.simulation import SimulatedNight, first_recorded, record_web, simulation_version
from warehouse.atomic import put_folder, scratch

NIGHTS: Final = 60
FIRST_SLOT: Final = datetime(2026, 9, 21, 3, tzinfo=UTC)
QUERIES: Final = (
    "SELECT gpu_model, pricing_model, provider, usd_per_gpu_hour FROM cheapest_now ORDER BY ALL LIMIT 10",
    "SELECT * FROM free_tier_changes ORDER BY changed_at",
    "SELECT slot, source, status, error FROM scrapes WHERE status <> 'ok' ORDER BY slot",
)


def nights() -> list[SimulatedNight]:
    """The demo's nights, oldest first."""
    slots = [FIRST_SLOT + timedelta(days=index) for index in range(NIGHTS)]
    return [SimulatedNight(index, slot, slot + timedelta(minutes=17)) for index, slot in enumerate(slots)]


def recorded_web(home: Path, on_night: Callable[[SimulatedNight], None]) -> Path:
    """The demo's recorded web below a data folder: written whole, and reused until a simulation changes."""
    folder, version = home / "recorded-web", simulation_version()
    marker = folder / "version"
    if not marker.is_file() or marker.read_text(encoding="utf-8") != version:
        with scratch(home, "recorded-web") as aside:
            fresh = aside / folder.name
            fresh.mkdir()
            record_web(fresh, nights(), on_night)
            (fresh / "version").write_text(version, encoding="utf-8")
            put_folder(fresh, folder)
    return folder


def request(installation: Installation, web: Path, chromium: str | None) -> RunRequest:
    """A nightly run over every night of the demo at once, for the sources that the recorded web has.

    A source is due from its first recorded night on: some join the demo late.
    """
    first_slots = first_recorded(web)
    return RunRequest(
        installation=installation,
        sources=tuple(source for source in shipped().sources() if source.id in first_slots),
        at=tuple(night.at for night in nights()),
        origin="simulated",
        recorded=web,
        chromium=chromium,
        first_slots=first_slots,
    )
