"""Import of the dated facts: archived as a file, stored as observations.

Facts become observations of the source `history:facts`. Loading the same bytes twice changes nothing; bytes
that have changed are a newer snapshot of the same source, and the views take the newest.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from flows.queries import load_query
from scrapers.archive.exchange import Exchange
from scrapers.archive.writer import SEALED, ArchiveWriter, FetchOutcome, read_archive
from scrapers.history.facts import facts_file, observations
from scrapers.page import Capture
from scrapers.parse import captures_frame
from scrapers.slots import slot_of
from warehouse.ledger import Ledger, ScrapeRecord
from warehouse.schema import HISTORY

FACTS: Final = f"{HISTORY}facts"
# The file has no address of its own, and WARC tools read HTTP headers only behind one of the web.
WITHOUT_ADDRESS: Final = "https://gpuledger.invalid/"
_URL: Final = f"{WITHOUT_ADDRESS}scrapers/history/facts.toml"


def archived(
    home: Path, source: str, slot: datetime, exchanges: Sequence[Exchange], keys: Iterable[str] = ()
) -> list[Capture]:
    """Archive what a history is read from in a WARC file of its own; returns what a reader finds there.

    `keys` are struck out of it.
    """
    started = datetime.now(UTC)
    name = f"{source.replace(':', '.')}.{slot:%H%M}.{secrets.token_hex(4)}{SEALED}"
    path = home / "raw" / f"{slot:%Y-%m-%d}" / name
    writer = ArchiveWriter(path, source=source, slot=slot, secrets=keys)
    for exchange in exchanges:
        writer.write(exchange)
    outcome = FetchOutcome(source, slot, started, datetime.now(UTC), ok=True)
    return read_archive(writer.seal(outcome), home).captures


def load_facts(ledger: Ledger, home: Path, *, run_id: str, at: datetime, keys: Iterable[str] = ()) -> int:
    """Archive and append the dated facts, unless these very bytes are loaded; returns the rows added.

    `at`, an aware datetime, decides the slot; `keys` are struck out of the archive. Raises FactError.
    """
    body = facts_file()
    version = hashlib.sha256(body).hexdigest()[:12]
    loaded = ledger.query(load_query("facts_loaded"), {"source": FACTS})
    if loaded.height and loaded["parser_version"][0] == version:
        return 0
    started = datetime.now(UTC)
    slot = slot_of("hourly", at)
    exchange = Exchange(url=_URL, at=at, body=body, headers=[("Content-Type", "application/toml")])
    (capture,) = archived(home, FACTS, slot, [exchange], keys)
    identity = {"run_id": run_id, "source": FACTS, "slot": slot, "capture_id": capture.capture_id}
    rows = observations(capture.body, identity)
    scrape = {
        "run_id": run_id,
        "provider": "history",
        "source": FACTS,
        "slot": slot,
        "parser_version": version,
        "started_at": started,
        "finished_at": datetime.now(UTC),
        "status": "ok",
        "rows_parsed": rows.height,
        "rows_accepted": rows.height,
        "rows_quarantined": 0,
        "capture_ids": [capture.capture_id],
    }
    captures = captures_frame([capture], run_id=run_id, source=FACTS, slot=slot)
    ledger.append(ScrapeRecord(scrape, {"captures": captures, "observations": rows}))
    return rows.height
