from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from scrapers.archive.recorded import RecordedWeb, Span
from scrapers.registry import Source, sources
from scrapers.simulation import SimulatedNight, first_recorded, record_web

FIRST = datetime(2026, 9, 21, 3, tzinfo=UTC)


def nights(count: int, *, first: int = 0) -> list[SimulatedNight]:
    slots = [FIRST + timedelta(days=index) for index in range(first, first + count)]
    return [
        SimulatedNight(index, slot, slot + timedelta(minutes=17)) for index, slot in enumerate(slots, first)
    ]


def simulated() -> list[Source]:
    """What the demo can show: all that is read by default, but what needs a key or should not answer.

    Which providers need a simulation is checked by tests/scrapers/test_registry.py.
    """
    return [
        source
        for source in sources()
        if source.declared.credential is None
        and source.declared.format != "liveness"
        and find_spec(f"scrapers.providers.{source.provider}.simulated")
    ]


def test_every_source_has_an_answer_to_its_first_request_in_the_last_nights(tmp_path: Path) -> None:
    told: list[SimulatedNight] = []
    last = nights(2, first=58)
    record_web(tmp_path, last, told.append)
    web = RecordedWeb(tmp_path)
    assert told == last
    for night in last:
        for source in simulated():
            request = source.requests[0]
            recorded = web.lookup(request.method, request.url, b"", Span.of(source, night.slot))
            assert recorded is not None, f"{source.id} has no {request.url}"
            assert recorded.at >= night.at


def test_a_source_is_first_recorded_in_the_first_night_that_has_an_archive_of_it(tmp_path: Path) -> None:
    for day, source in (("2026-09-22", "aws.spot"), ("2026-09-23", "aws.spot"), ("2026-09-23", "a.b")):
        path = tmp_path / day / f"{source}.0300.simulated.warc.gz"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert first_recorded(tmp_path) == {
        "aws.spot": datetime(2026, 9, 22, 3, tzinfo=UTC),
        "a.b": datetime(2026, 9, 23, 3, tzinfo=UTC),
    }


def test_the_recorded_web_is_the_same_whenever_it_is_written(tmp_path: Path) -> None:
    webs = []
    for name in ("one", "two"):
        record_web(tmp_path / name, nights(1), lambda night: None)
        web = RecordedWeb(tmp_path / name)
        held = [web.held(source.id, Span.of(source, FIRST)) for source in sources()]
        webs.append([recorded.exchange() for answers in held for recorded in answers])
    assert webs[0] == webs[1]
