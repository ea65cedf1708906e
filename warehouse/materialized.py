"""The cache of view results of closed days.

Rows are never changed: what a view says of a day can only change when a scrape of that day, or of one before
it, is corrected or comes late. Days are put together into periods of some quarter of a million rows. The
folder of a period is named by a digest of every current scrape up to its end and of the views' own text, so
that what is found there is what would come out again. The cache can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import chain, pairwise
from pathlib import Path
from typing import Final

import duckdb

from warehouse.atomic import put_folder, scratch
from warehouse.ddl import ddl
from warehouse.queries import load_query
from warehouse.schema import TABLES
from warehouse.text_safety import quoted
from warehouse.views import view_statements, views

CACHE: Final = "cache"
"""The cache's folder in a data folder."""
_FORMER_CACHE: Final = "settled"
PERIOD_ROWS: Final = 250_000
_PART: Final = "part"
_LAST_SEEN: Final = "last_seen"


@dataclass(frozen=True)
class Period:
    """Closed days, `until` excluded; `name` is the folder of their cached results."""

    since: date
    until: date
    name: str


def cache_folder(home: Path) -> Path:
    """The cache of a data folder; one that an earlier version left as settled/ is taken over."""
    folder, former = home / CACHE, home / _FORMER_CACHE
    if former.is_dir():
        if not folder.exists():
            put_folder(former, folder)
        shutil.rmtree(former, ignore_errors=True)
    return folder


def materialize(connection: duckdb.DuckDBPyConnection, stored: str, folder: Path) -> Mapping[str, str]:
    """The rows of the cached views, read from the cache in `folder` where a day is closed.

    Periods that are not cached yet are written first, and results of no period are removed. `connection` has
    the views in its memory, over the tables of the attached database `stored`, and comes back with another
    search path. Returns the query that gives the rows of each view, nothing for a ledger that is too short to
    have a period.
    """
    cached = list(periods(connection))
    if not cached:
        return {}
    folder.mkdir(parents=True, exist_ok=True)
    _forget(folder, {period.name for period in cached if _is_whole(connection, folder / period.name)})
    _make_part(connection, stored)
    before: Path | None = None
    for period in cached:
        target = folder / period.name
        if not target.exists():
            _write(connection, stored, period, before, target)
        before = target / f"{_LAST_SEEN}.parquet"
    _look_at(connection, stored, cached[-1].until, None, before)
    found = {
        **{view: _whole(connection, view, cached, folder) for view in _by_day()},
        **{view: _now(connection, f"FROM {view}", view) for view in _newest()},
    }
    connection.execute("DROP TABLE offers")
    return found


def _by_day() -> dict[str, str]:
    """Views whose rows are of one day each, with the column that says of which."""
    return {name: view.header.cached_by for name, view in views().items() if view.header.cached_by}


def _newest() -> list[str]:
    """Views of the newest snapshots alone."""
    return [name for name, view in views().items() if view.header.is_newest]


def _over_offers() -> dict[str, str]:
    """The statements of the cached views, and of the views of offers that these read, in their order."""
    cached = [view for view in views().values() if view.header.is_cached]
    wanted = {view.name for view in cached}.union(*(view.depends_on for view in cached))
    return {
        name: view.statement
        for name, view in views().items()
        if name in wanted and "offers" in view.depends_on
    }


def periods(connection: duckdb.DuckDBPyConnection) -> Iterator[Period]:
    """The periods of the closed days, oldest first. The newest day is never closed."""
    digest = hashlib.sha256()
    for statement in chain(view_statements(), *map(ddl, TABLES)):
        digest.update(statement.encode())
    since, rows = None, 0
    days = connection.execute(load_query("days")).fetchall()
    for (day, count, scrapes), (until, *_) in pairwise(days):
        since = since or day
        rows += count
        digest.update(scrapes.encode())
        if rows >= PERIOD_ROWS:
            yield Period(since, until, f"{until}-{digest.hexdigest()[:16]}")
            since, rows = None, 0


def _is_whole(connection: duckdb.DuckDBPyConnection, cached: Path) -> bool:
    """Whether a period's files are there, down to their ends: the machine may have stopped meanwhile."""
    files = [str(cached / f"{name}.parquet") for name in (*_by_day(), _LAST_SEEN)]
    try:
        connection.execute("SELECT file_name FROM parquet_file_metadata($1)", [files]).fetchall()
    except duckdb.Error:
        return False
    return True


def _make_part(connection: duckdb.DuckDBPyConnection, stored: str) -> None:
    """A database in memory in which the views see what `_look_at` puts there."""
    connection.execute(f"ATTACH ':memory:' AS {_PART}")
    over_offers = _over_offers()
    read = set().union(*(views()[view].reads for view in over_offers))
    for view in sorted(read & views().keys() - over_offers.keys()):
        connection.execute(f"CREATE TABLE {_PART}.{view} AS FROM {view}")
    connection.execute(f"SET search_path = '{_PART}.main,{stored}.main'")
    connection.execute(f"CREATE TABLE offers AS FROM {stored}.main.offers LIMIT 0")
    for statement in over_offers.values():
        connection.execute(statement)


def _write(
    connection: duckdb.DuckDBPyConnection, stored: str, period: Period, before: Path | None, target: Path
) -> None:
    """Write what the views say of a period, whole or not at all."""
    _look_at(connection, stored, period.since, period.until, before)
    with scratch(target.parent, "cache") as folder:
        fresh = folder / target.name
        fresh.mkdir()
        for view, column in _by_day().items():
            # The first snapshot after the period would seem to have lost everything.
            days = f"{column} >= {_moment(period.since)} AND {column} < {_moment(period.until)}"
            _copy(connection, f"FROM {view} WHERE {days} ORDER BY ALL", fresh / view)
        _copy(connection, load_query(_LAST_SEEN), fresh / _LAST_SEEN)
        put_folder(fresh, target)


def _look_at(
    connection: duckdb.DuckDBPyConnection, stored: str, since: date, until: date | None, before: Path | None
) -> None:
    """Have the views see the current offers of some days, and the last ones of each before them."""
    end = f"AND slot < {_moment(until)}" if until else ""
    earlier = f"UNION ALL BY NAME FROM read_parquet({quoted(str(before))})" if before else ""
    connection.execute(
        "CREATE OR REPLACE TABLE offers AS "  # noqa: S608 - dates and a path of our own
        f"SELECT * FROM {stored}.main.offers SEMI JOIN current_scrapes USING (run_id, source, slot) "
        f"WHERE slot >= {_moment(since)} {end} {earlier}"
    )


def _whole(connection: duckdb.DuckDBPyConnection, view: str, cached: list[Period], folder: Path) -> str:
    """The query of a view's rows of all days."""
    files = ", ".join(quoted(str(folder / period.name / f"{view}.parquet")) for period in cached)
    since = f"FROM {view} WHERE {views()[view].header.cached_by} >= {_moment(cached[-1].until)}"
    return f"FROM read_parquet([{files}]) UNION ALL BY NAME {_now(connection, since, view)}"


def _now(connection: duckdb.DuckDBPyConnection, query: str, view: str) -> str:
    connection.execute(f"CREATE TABLE {_PART}.{view}_now AS {query}")
    return f"FROM {_PART}.{view}_now"


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    connection.execute(f"COPY ({query}) TO {quoted(f'{path}.parquet')} (COMPRESSION zstd)")


def _moment(day: date) -> str:
    return f"TIMESTAMPTZ '{day} 00:00:00+00'"


def _forget(folder: Path, wanted: set[str]) -> None:
    for path in folder.iterdir():
        if path.name not in wanted:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
