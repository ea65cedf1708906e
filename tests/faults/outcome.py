"""What the ledger says of a night over the faults, and the same as the table of docs/reliability.md."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.faults.cases import Fault
from tests.faults.content import FORMATS
from tests.faults.night import PROVIDER
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage

_BEGIN, _END = "<!-- faults: begin -->", "<!-- faults: end -->"
_ADDRESS = re.compile(r"https?://[\w.]+(?::\d+)?/prices(: )?")
_HOST = re.compile(r"\b127\.0\.\d+\.\d+\b")
# A second try is one that a slow machine made; a third was the last.
_OF_THE_NIGHT = re.compile(r"; it begins .*|source is \S+, slot is [^,]+, | \(2 tries\)")
_ALL = """
SELECT
    source, status, rows_accepted, rows_quarantined, error,
    list_sort(coalesce((SELECT list(kind) FROM incidents WHERE source = scrapes.source), [])),
    list_sort(coalesce((SELECT list(DISTINCT reason) FROM quarantine WHERE source = scrapes.source), [])),
    coalesce((SELECT list(kind || ' ' || subject) FROM findings WHERE source = scrapes.source), []),
    (SELECT count(*) FROM captures WHERE source = scrapes.source AND role = 'response')
FROM scrapes
WHERE provider = $provider
"""
_PRICES = "SELECT offer_key, usd_per_hour FROM offers WHERE source = $source"


@dataclass(frozen=True)
class Outcome:
    """What became of one source."""

    source: str
    status: str
    stored: int
    quarantined: int
    error: str | None
    incidents: tuple[str, ...]
    reasons: tuple[str, ...]
    findings: tuple[str, ...]
    archived: int
    prices: Mapping[str, float | None]


def outcomes(home: Path) -> dict[str, Outcome]:
    """What became of every source of the night, by its name; one that was scraped twice raises ValueError."""
    found = {}
    with read_warehouse(FileStorage(home)) as warehouse:
        for source, *said, incidents, reasons, findings, archived in warehouse.execute(
            _ALL, {"provider": PROVIDER}
        ).fetchall():
            name = source.removeprefix(f"{PROVIDER}.")
            if name in found:
                raise ValueError(f"{name} has two scrapes")
            prices = dict(warehouse.execute(_PRICES, {"source": source}).fetchall())
            found[name] = Outcome(
                name, *said, tuple(incidents), tuple(reasons), tuple(findings), archived, prices
            )
    return found


def committed(document: Path) -> str:
    """What stands between the two comments of the document."""
    return document.read_text(encoding="utf-8").partition(_BEGIN)[2].partition(_END)[0].strip()


def rewritten(document: str, table: str) -> str:
    """The document with another table between its two comments."""
    before, _, rest = document.partition(_BEGIN)
    return f"{before}{_BEGIN}\n\n{table}\n\n{_END}{rest.partition(_END)[2]}"


def as_table(faults: Iterable[Fault], found: Mapping[str, Outcome]) -> str:
    """The outcomes as a Markdown table: a fault a line, a format a column."""
    faults = list(faults)
    statuses = Counter(found[fault.source(format)].status for fault in faults for format in fault.formats)
    counted = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
    lines = [
        f"{len(faults)} lines, {statuses.total()} sources in one run: {counted}.",
        "",
        f"| what is wrong | {' | '.join(f'`{format}`' for format in FORMATS)} | in the ledger's words |",
        "|---" * (len(FORMATS) + 2) + "|",
    ]
    for fault in faults:
        cells = [_cell(found[fault.source(format)]) if format in fault.formats else "" for format in FORMATS]
        words = " / ".join(dict.fromkeys(_words(found, fault))).replace("|", "\\|")
        lines.append(f"| {fault.title} | {' | '.join(cells)} | {words} |")
    return "\n".join(lines)


def _cell(outcome: Outcome) -> str:
    if outcome.status == "ok" and not outcome.quarantined:
        unpriced = sum(price is None for price in outcome.prices.values())
        notes = [f"{unpriced} without a price"] if unpriced else []
        notes += sorted({f"`{finding.partition(' ')[0]}` noted" for finding in outcome.findings})
        return ", ".join(["ok, whole", *notes])
    rows = [f"{outcome.stored:,} stored"] if outcome.stored else []
    rows += [f"{outcome.quarantined:,} quarantined"] if outcome.quarantined else []
    kinds = [f"`{kind}`" for kind in outcome.incidents]
    return ", ".join([outcome.status, *rows, *kinds])


def _words(found: Mapping[str, Outcome], fault: Fault) -> Iterator[str]:
    """What is said of a fault in the two formats that differ most, without what is of one night alone."""
    for format in ("json_api", "html_table"):
        if format in fault.formats:
            outcome = found[fault.source(format)]
            for sentence in filter(None, (outcome.error, *outcome.reasons[:1])):
                plain = _ADDRESS.sub(lambda match: "" if match[1] else "it", sentence)
                yield _OF_THE_NIGHT.sub("", _HOST.sub("HOST", plain))


def departures(fault: Fault, format: str, outcome: Outcome) -> Iterator[str]:
    """Where an outcome is not what is expected of it, a sentence each."""
    expected = fault.expected_of(format)
    counts = {
        "status": (expected.status, outcome.status),
        "rows stored": (expected.stored, outcome.stored),
        "rows quarantined": (expected.quarantined, outcome.quarantined),
        "incidents": (expected.incidents, outcome.incidents),
    }
    yield from (
        f"{what}: expected {want}, found {got}" for what, (want, got) in counts.items() if want != got
    )
    said = [("error", expected.error, [outcome.error] if outcome.error else [])]
    said.append(("reason", expected.reason, list(outcome.reasons)))
    for what, pattern, sentences in said:
        if bool(pattern) != bool(sentences):
            yield f"{what}: expected {pattern!r}, found {sentences}"
        yield from (
            f"{what}: {one!r} is not {pattern!r}" for one in sentences if not re.search(pattern or "", one)
        )
    if missing := set(expected.findings) - set(outcome.findings):
        yield f"findings: {', '.join(missing)} was not noted"
    truth = {machine.name: machine.usd_per_hour for machine in fault.truth}
    for name, price in outcome.prices.items():
        if name not in truth or price != truth[name]:
            yield f"{name} is stored at {price}, and costs {truth.get(name)}"
