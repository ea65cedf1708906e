"""Import of public price histories: archived once, parsed by a mapping, stored snapshot by snapshot.

A snapshot is a moment of the data set. Snapshots are stored a batch at a time, each batch in one transaction,
so that an import that was killed goes on where it stopped, and a second import of the same bytes by the same
mapping adds nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

import polars as pl

from flows.history.facts import WITHOUT_ADDRESS, archived
from flows.history.lookups import lookups
from flows.history.staging import Spool, scrapes_of, stamped, without_duplicates
from flows.queries import load_query
from flows.runtime.clock import refuse_earlier_clock
from flows.runtime.run import RunSummary, new_run_id, refuse_origin
from scrapers.archive.exchange import MAX_BODY, Exchange
from scrapers.history.mapping import Mapping as HistoryMapping
from scrapers.history.mapping import MappingError
from scrapers.history.outcome import ParsedBatch
from scrapers.history.parse import parse
from scrapers.history.readers import batches
from scrapers.parse import captures_frame
from scrapers.slots import slot_of
from warehouse.atomic import scratch
from warehouse.ledger import Ledger
from warehouse.schema import BY_NAME, HISTORY

_RESERVED: Final = frozenset({"facts"})
# Names of sources are names of files in the archive too.
_NAME: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
ROWS: Final = 125_000
"""Rows in a transaction, more where one snapshot has more. DuckDB writes in groups of 122,880 rows, and
smaller transactions cost three times as much."""


@dataclass(frozen=True)
class ImportRequest:
    """What to import, by which mapping, and into which data folder.

    `part` names the part of the data set that the file is; `at` is when it was true, where it does not say;
    `replace` takes snapshots anew that stand from another file; `keys` are struck out of the archive.
    """

    home: Path
    path: Path
    mapping: HistoryMapping
    part: str = ""
    at: str = ""
    replace: bool = False
    rows: int = ROWS
    keys: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def source(self) -> str:
        """The id of the source: history:NAME, with the part behind a point."""
        return f"{HISTORY}{self.mapping.name}{f'.{self.part}' if self.part else ''}"


@dataclass
class Imported:
    """What an import did: of the whole file by `read`, and the snapshots and rows it has added itself.

    `elsewhere` counts the snapshots that stand from another file, and were left as they are.
    """

    source: str
    read: ParsedBatch
    snapshots: int = 0
    added: int = 0
    elsewhere: int = 0
    accepted: int = 0
    refused: int = 0
    duplicates: Counter[str] = field(default_factory=Counter)


class Progress:
    """Told how far an import has come; this one does nothing with it."""

    def reading(self, done: int, total: int) -> None:
        """So many bytes of the file are read."""

    def storing(self, done: int, total: int) -> None:
        """So many snapshots are stored."""


def import_history(request: ImportRequest, ledger: Ledger, progress: Progress | None = None) -> Imported:
    """Import a file; returns what was read and what was added.

    Raises MappingError where mapping and file do not fit, OriginsMixed for a ledger of simulated nights.
    """
    progress = progress or Progress()
    _check(request)
    refuse_origin("imported", request.home, ledger)
    started = datetime.now(UTC)
    refuse_earlier_clock(ledger, started)
    with request.path.open("rb") as file:
        capture_id = hashlib.file_digest(file, "sha256").hexdigest()
    if not request.replace and _complete(request, ledger, capture_id):
        return Imported(request.source, ParsedBatch())
    with scratch(request.home, "import") as folder:
        spool = Spool(folder)
        result = Imported(request.source, _read(request, spool, progress))
        spool.settle(slot_of("hourly", started))
        result.snapshots = len(spool.counts)
        due = _due(request, ledger, spool, capture_id, result)
        if due:
            _store(request, ledger, spool, due, capture_id, started, result, progress)
    return result


def _check(request: ImportRequest) -> None:
    mapping, part = request.mapping, request.part
    for name in (mapping.name, part or "all"):
        if not _NAME.match(name):
            raise MappingError(f"{name!r} cannot name a history: letters, digits, - and _ can")
    if mapping.name in _RESERVED:
        raise MappingError(f"a mapping cannot be named {mapping.name}: that history is this project's own")
    if mapping.parts and part not in mapping.parts:
        known = ", ".join(mapping.parts)
        raise MappingError(f"{mapping.name} comes in parts; say with --part which this is: {known}")
    if request.path.stat().st_size > MAX_BODY:
        raise MappingError(
            f"{request.path} is larger than {MAX_BODY >> 20} MiB; pack it with gzip or split it"
        )


def _complete(request: ImportRequest, ledger: Ledger, capture_id: str) -> bool:
    """Whether an import of these bytes by this mapping has come to its end before."""
    asked = {"source": request.source, "capture_id": capture_id, "version": request.mapping.version}
    return bool(ledger.query(load_query("imported_whole"), asked)["times"].item())


def _read(request: ImportRequest, spool: Spool, progress: Progress) -> ParsedBatch:
    """Read the whole file into the spool; returns the counts, without the rows."""
    mapping = request.mapping
    words = {**mapping.words, **lookups(mapping.lookups)}
    size = request.path.stat().st_size
    whole = ParsedBatch()
    for batch in batches(request.path, mapping.file):
        part = parse(batch, mapping, words, part=request.part, at=request.at)
        spool.add(part)
        whole.records += part.records
        whole.readings += part.readings
        whole.missing += part.missing
        whole.carried += part.carried
        whole.outside.update(part.outside)
        whole.findings.update(part.findings)
        progress.reading(batch.position, size)
    return whole


def _due(
    request: ImportRequest, ledger: Ledger, spool: Spool, capture_id: str, result: Imported
) -> list[datetime]:
    """The snapshots that are not in the ledger as this file and mapping have them, oldest first."""
    version = request.mapping.version
    done, elsewhere = set(), set()
    for row in ledger.query(load_query("imported_slots"), {"source": request.source}).iter_rows(named=True):
        slot = row["slot"].astimezone(UTC)
        if (row["capture_id"], row["parser_version"]) == (capture_id, version):
            done.add(slot)
        elif row["capture_id"] != capture_id and row["status"] != "failed" and not request.replace:
            elsewhere.add(slot)
    result.elsewhere = len((elsewhere - done) & spool.counts.keys())
    return sorted(spool.counts.keys() - done - elsewhere)


def _store(
    request: ImportRequest,
    ledger: Ledger,
    spool: Spool,
    due: list[datetime],
    capture_id: str,
    started: datetime,
    result: Imported,
    progress: Progress,
) -> None:
    run_id, version = new_run_id(started), request.mapping.version
    identity = {
        "run_id": run_id,
        "source": request.source,
        "parser_version": version,
        "capture_id": capture_id,
    }
    extra = _first_frames(request, ledger, identity, due[0], started, result)
    summary = RunSummary(run_id, "import", "imported", started)
    for slots in _groups(due, spool.counts, request.rows):
        frames, duplicates = without_duplicates(spool.load(slots))
        result.duplicates.update(duplicates)
        scrapes = scrapes_of(frames, slots, identity, started)
        stored = {table: stamped(frame, table, identity) for table, frame in frames.items()}
        ledger.append_frames({**extra, **stored, "scrapes": scrapes})
        extra = {}
        result.added += len(slots)
        result.accepted += int(scrapes["rows_accepted"].sum())
        result.refused += int(scrapes["rows_quarantined"].sum())
        summary.scrapes += scrapes.select("status").to_dicts()
        progress.storing(result.added, len(due))
    ledger.append_run(summary.row())


def _groups(slots: list[datetime], counts: Mapping[datetime, int], rows: int) -> Iterator[list[datetime]]:
    group: list[datetime] = []
    total = 0
    for slot in slots:
        if group and total + counts[slot] > rows:
            yield group
            group, total = [], 0
        group.append(slot)
        total += counts[slot]
    yield group


def _first_frames(
    request: ImportRequest,
    ledger: Ledger,
    identity: Mapping[str, str],
    first: datetime,
    started: datetime,
    result: Imported,
) -> dict[str, pl.DataFrame]:
    """What is stored with the first snapshots: the file's capture, its origin, what nobody had declared."""
    asked = {name: identity[name] for name in ("source", "capture_id")}
    version = identity["parser_version"]
    known = ledger.query(load_query("imported_file"), {**asked, "version": version}).row(0, named=True)
    frames = {}
    if not known["archived"]:
        frames["captures"] = _archived(request, identity["run_id"], identity["capture_id"], started)
    if not known["declared"]:
        frames["origins"] = _origin(request, identity, started, result.read)
        found = [
            {"kind": kind, "subject": subject, "times": times, "slot": first}
            for (kind, subject), times in result.read.findings.items()
        ]
        findings = pl.DataFrame(found, schema=BY_NAME["findings"].polars())
        frames["findings"] = stamped(findings.drop("run_id", "source"), "findings", identity)
    return frames


def _origin(
    request: ImportRequest, identity: Mapping[str, str], started: datetime, whole: ParsedBatch
) -> pl.DataFrame:
    told = request.mapping.origin.model_dump(exclude={"standing"})
    row = {
        **identity,
        **{name: text or None for name, text in told.items()},
        "imported_at": started,
        "file": request.path.name,
        "part": request.part or None,
        "true_at": request.at or None,
        "records": whole.records,
        "outside": whole.outside.total(),
        "blanks": whole.missing,
    }
    return pl.DataFrame([row], schema=BY_NAME["origins"].polars())


def _archived(request: ImportRequest, run_id: str, capture_id: str, at: datetime) -> pl.DataFrame:
    """Archive the file as it is, and the mapping beside it; returns their rows of captures."""
    slot = slot_of("hourly", at)
    file = Exchange(
        url=f"{WITHOUT_ADDRESS}imported/{quote(request.path.name)}",
        at=at,
        body=request.path.read_bytes(),
        headers=[("Content-Type", "application/octet-stream")],
    )
    mapping = Exchange(
        url=f"{WITHOUT_ADDRESS}mappings/{request.mapping.name}.json",
        at=at,
        body=request.mapping.body,
        headers=[("Content-Type", "application/json")],
        role="resource",
    )
    captures = archived(request.home, request.source, slot, [file, mapping], request.keys)
    if captures[0].capture_id != capture_id:
        raise MappingError(f"{request.path} was written to while it was read; import it again")
    return captures_frame(captures, run_id=run_id, source=request.source, slot=slot)
