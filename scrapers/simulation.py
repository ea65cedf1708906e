"""The simulated web of the demo: the answers of every provider's simulated.py, archived as if fetched."""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from scrapers.archive.exchange import Exchange
from scrapers.archive.recorded import recorded_slots
from scrapers.archive.writer import SEALED, ArchiveWriter
from scrapers.registry import providers


@dataclass(frozen=True)
class SimulatedNight:
    """One night of the demo: its number from 0, its slot, and the moment of its run, both UTC."""

    index: int
    slot: datetime
    at: datetime


@dataclass(frozen=True)
class Answer:
    """What a source's address answers in a night, `after_seconds` into the run.

    `asked` is the JSON body that the answer is for, None for a GET.
    """

    source: str
    url: str
    body: bytes
    media_type: str
    status: int = 200
    asked: Mapping[str, Any] | None = None
    after_seconds: int = 0


def level(seed: str, nights: int, *, spread: float, chance: float, step: float) -> float:
    """A price level around 1 after some nights: mostly that of the night before, sometimes a step away.

    `spread` and `step` are standard deviations of the logarithm, `chance` is that of a step in a night.
    Levels drift back, as prices do that follow a market.
    """
    draws = random.Random(seed)
    away = draws.gauss(0.0, spread)
    for _ in range(nights):
        changes, move = draws.random() < chance, draws.gauss(0.0, step)
        away += move - 0.2 * away if changes else 0.0
    return math.exp(away)


def record_web(
    folder: Path, nights: Sequence[SimulatedNight], on_night: Callable[[SimulatedNight], None]
) -> None:
    """Archive every shipped provider's answers below `folder`, one WARC file a night and source.

    `on_night` is told of each night that is written.
    """
    simulations = list(_simulations())
    for night in nights:
        by_source: dict[str, list[Answer]] = defaultdict(list)
        for answers in simulations:
            for answer in answers(night):
                by_source[answer.source].append(answer)
        for source, found in by_source.items():
            path = folder / f"{night.slot:%Y-%m-%d}" / f"{source}.{night.slot:%H%M}.simulated{SEALED}"
            writer = ArchiveWriter(path, source=source, slot=night.slot)
            for answer in found:
                writer.write(_exchange(night, answer))
            writer.seal()
        on_night(night)


def first_recorded(folder: Path) -> dict[str, datetime]:
    """The first slot of each source in a web that `record_web` wrote."""
    return {source: min(slots) for source, slots in recorded_slots(folder).items()}


def is_simulated_web(folder: Path) -> bool:
    """Whether a folder of recorded answers is one that `record_web` wrote."""
    return next(folder.glob(f"*/*.simulated{SEALED}"), None) is not None


def simulation_version() -> str:
    """Digest of everything that decides what the simulated web answers."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for answers in _simulations():
        digest.update(Path(inspect.getfile(answers)).read_bytes())
    return digest.hexdigest()


def _simulations() -> Iterator[Callable[[SimulatedNight], Iterator[Answer]]]:
    for provider in providers():
        name = f"scrapers.providers.{provider}.simulated"
        if find_spec(name):
            yield import_module(name).answers


def _exchange(night: SimulatedNight, answer: Answer) -> Exchange:
    posted = answer.asked is not None
    return Exchange(
        url=answer.url,
        at=night.at + timedelta(seconds=answer.after_seconds),
        body=answer.body,
        headers=[("Content-Type", answer.media_type)],
        status=answer.status,
        method="POST" if posted else "GET",
        request_headers=[("Content-Type", "application/json")] if posted else [],
        request_body=json.dumps(answer.asked).encode() if posted else b"",
        role="robots" if answer.url.endswith("/robots.txt") else "response",
    )
