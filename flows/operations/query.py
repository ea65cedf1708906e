"""Queries of the published warehouse, printed or written to a file.

Tables and CSV are for eyes and spreadsheets, and show plainly what those would obey; JSON and Parquet hold
the exact text.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import IO, Final

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from flows.operations.output_columns import expressions, figures
from flows.operations.output_file import written_aside
from flows.operations.sql_allowlist import QueryRefused, check
from flows.runtime.installation import Installation
from flows.runtime.interruption import Work
from reports.downloads import harmless
from warehouse.credentials import environment_without_credentials
from warehouse.session import read_warehouse
from warehouse.text_safety import escaped_json, first_line, visible

# Rows of one batch: texts of a hundred kilobytes each fit as well.
_BATCH: Final = 4096
_ROWS_OF_A_GROUP, _BYTES_OF_A_GROUP = 100_000, 64 << 20


def execute(
    installation: Installation,
    query: str,
    form: str,
    output: Path | None,
    at: datetime | None = None,
    timeout: float | None = None,
) -> None:
    """Run one query read-only and write the answer as table, csv, json or parquet.

    With `at`, an aware datetime, the warehouse is as it stood then. Ctrl-C and SIGTERM end it within a
    second, and so does the end of `timeout` seconds. Raises NothingPublished, TimeOver, Interrupted, and
    QueryRefused for a statement that is not a query, names what is not allowed, or fails.
    """
    if form == "parquet" and output is None:
        raise QueryRefused("parquet is not for a terminal: name a file with --output")
    storage = installation.for_queries()

    def answer(work: Work[None]) -> None:
        with read_warehouse(storage, at) as connection, environment_without_credentials():
            work.stops(connection)
            reason = ""
            try:
                check(connection, query)
                _write(connection.sql(query), form, output, work)
            except (duckdb.Error, pl.exceptions.PolarsError, pa.ArrowException, MemoryError) as problem:
                reason = _reason(problem)
        # Raised here, it holds on to no result; DuckDB opens a file anew only once those are gone.
        if reason:
            raise QueryRefused(reason)

    Work(answer).run(timeout)


_TOO_MUCH: Final = "the query needs more memory than it may use: select less at once"


def _reason(problem: Exception) -> str:
    if isinstance(problem, (duckdb.OutOfMemoryException, MemoryError, pa.ArrowMemoryError)):
        return f"{_TOO_MUCH} ({first_line(problem)})"
    return str(problem) or type(problem).__name__


def _write(answer: duckdb.DuckDBPyRelation, form: str, output: Path | None, work: Work[None]) -> None:
    if form == "table":
        # DuckDB reads no more of an answer than it shows.
        parts = iter([visible(str(answer)).encode("utf-8", "backslashreplace")])
    else:
        ready = answer.project(expressions(answer.columns, answer.types, form))
        reader = _checked(ready.to_arrow_reader(_BATCH), work)
        if form == "parquet":
            assert output is not None  # noqa: S101 - refused before  # nosec B101
            with written_aside(output, work) as file:
                _write_parquet(reader, file)
            return
        parts = _csv(reader, figures(answer.columns, answer.types)) if form == "csv" else _json(reader)
    with nullcontext(_standard_output()) if output is None else written_aside(output, work) as file:
        for part in parts:
            file.write(part)
        file.flush()


def _standard_output() -> IO[bytes]:
    sys.stdout.flush()
    return sys.stdout.buffer


def _checked(reader: pa.RecordBatchReader, work: Work[None]) -> Iterator[pa.RecordBatch]:
    """The batches of an answer, an empty one first that has its columns, until the work is to end."""
    yield pa.RecordBatch.from_pylist([], schema=reader.schema)
    for batch in reader:
        work.check()
        yield batch


def _csv(batches: Iterator[pa.RecordBatch], figures: frozenset[str]) -> Iterator[bytes]:
    for place, batch in enumerate(batches):
        text = harmless(pl.DataFrame(pl.from_arrow(batch)), figures).write_csv(include_header=place == 0)
        yield text.encode()


def _json(batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    before = "["
    for batch in batches:
        if batch.num_rows:
            text = escaped_json(pl.DataFrame(pl.from_arrow(batch)).write_json())
            yield f"{before}{text[1:-1]}".encode()
            before = ","
    yield b"[]\n" if before == "[" else b"]\n"


def _write_parquet(batches: Iterator[pa.RecordBatch], file: IO[bytes]) -> None:
    """Write row groups that are large enough to be read fast and small enough to be held."""
    empty = next(batches)
    held: list[pa.RecordBatch] = []
    with pq.ParquetWriter(file, empty.schema, compression="zstd") as writer:
        for batch in batches:
            held.append(batch)
            rows, size = sum(part.num_rows for part in held), sum(part.nbytes for part in held)
            if rows >= _ROWS_OF_A_GROUP or size >= _BYTES_OF_A_GROUP:
                writer.write_table(pa.Table.from_batches(held))
                held.clear()
        if held:
            writer.write_table(pa.Table.from_batches(held))
