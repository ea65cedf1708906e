from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from scrapers.recorded import RecordedWeb, Span
from scrapers.registry import sources
from scrapers.simulation import Night, record_web

FIRST = datetime(2026, 9, 21, 3, tzinfo=UTC)


def nights(count: int) -> list[Night]:
    slots = [FIRST + timedelta(days=index) for index in range(count)]
    return [Night(index, slot, slot + timedelta(minutes=17)) for index, slot in enumerate(slots)]


def test_every_source_has_an_answer_to_its_first_request_in_every_night(tmp_path: Path) -> None:
    told: list[Night] = []
    record_web(tmp_path, nights(2), told.append)
    web = RecordedWeb(tmp_path)
    assert told == nights(2)
    for night in nights(2):
        for source in sources():
            ask = source.asks[0]
            recorded = web.lookup(ask.method, ask.url, b"", Span.of(source, night.slot))
            assert recorded is not None, f"{source.id} has no {ask.url}"
            assert recorded.at >= night.at


def test_the_recorded_web_is_the_same_whenever_it_is_written(tmp_path: Path) -> None:
    webs = []
    for name in ("one", "two"):
        record_web(tmp_path / name, nights(1), lambda night: None)
        web = RecordedWeb(tmp_path / name)
        held = [web.held(source.id, Span.of(source, FIRST)) for source in sources()]
        webs.append([recorded.exchange() for answers in held for recorded in answers])
    assert webs[0] == webs[1]
