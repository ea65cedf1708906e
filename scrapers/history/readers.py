"""Readers of history files in batches of text: CSV, JSON lines, JSON, YAML and Parquet.

Everything is read as the text that stands in the file. A record that cannot be read is kept with its line
and the reason, never skipped. CSV is read by the standard library because it says the true line of a record
whose cells hold line breaks, and which records have too many or too few cells.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import polars as pl
import yaml

from scrapers.history.mapping import File, MappingError

BATCH: Final = 50_000
"""Records in a batch."""
LINE: Final = "#"
"""The column that holds a record's line; no file names one so."""
_PACKED: Final = b"\x1f\x8b"
_LINES: Final = frozenset({".jsonl", ".ndjson"})
_DOCUMENTS: Final = frozenset({".json", ".yml", ".yaml"})


@dataclass(frozen=True)
class Batch:
    """Records as text columns with their `line`, those that could not be read, and the bytes read so far.

    `broken` holds (line, reason, record).
    """

    frame: pl.DataFrame
    broken: list[tuple[int, str, str]] = field(default_factory=list)
    position: int = 0


def batches(path: Path, file: File, size: int = BATCH) -> Iterator[Batch]:
    """The records of a file in order; raises MappingError for a file that is none of the known kinds."""
    kind = _kind(path)
    if kind == ".parquet":
        yield from _parquet(path, size)
        return
    with _opened(path) as (raw, text):
        if kind in _DOCUMENTS:
            yield from _gathered(_of_document(text, kind, file), raw, size)
        elif kind in _LINES:
            yield from _gathered(_of_lines(text, file), raw, size)
        else:
            yield from _of_csv(text, raw, file, size)


@dataclass(frozen=True)
class _Record:
    """A record's columns, or why it has none."""

    line: int
    cells: Mapping[str, str | None]
    reason: str = ""
    text: str = ""


def _kind(path: Path) -> str:
    endings = [ending for ending in path.suffixes if ending not in {".gz"}]
    kind = endings[-1] if endings else ""
    return kind if kind in {".parquet", *_LINES, *_DOCUMENTS} else ".csv"


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, io.TextIOBase]]:
    """The file as packed bytes, whose position tells how far it is read, and as text."""
    with path.open("rb") as raw:
        packed = raw.read(2) == _PACKED
        raw.seek(0)
        plain = gzip.GzipFile(fileobj=raw) if packed else raw
        # Bytes that are not UTF-8 become marks of themselves, so that one bad cell does not cost the file.
        yield raw, io.TextIOWrapper(plain, encoding="utf-8-sig", errors="backslashreplace", newline="")


def _gathered(found: Iterable[_Record], raw: BinaryIO, size: int) -> Iterator[Batch]:
    records: list[_Record] = []
    for record in found:
        records.append(record)
        if len(records) == size:
            yield _batch(records, raw.tell())
            records = []
    yield _batch(records, raw.tell())


def _batch(records: list[_Record], position: int) -> Batch:
    good = [record for record in records if not record.reason]
    broken = [(record.line, record.reason, record.text) for record in records if record.reason]
    columns: dict[str, list[str | None]] = {}
    names = dict.fromkeys(name for record in good for name in record.cells)
    for name in names:
        columns[name] = [record.cells.get(name) for record in good]
    schema = {LINE: pl.Int64, **dict.fromkeys(names, pl.String)}
    lines = [record.line for record in good]
    return Batch(pl.DataFrame({LINE: lines, **columns}, schema=schema), broken, position)


def _of_csv(text: io.TextIOBase, raw: BinaryIO, file: File, size: int) -> Iterator[Batch]:
    reader = csv.reader(text, delimiter=file.separator, strict=True)
    names = list(file.names) or [name.strip() for name in next(reader, [])]
    if len(set(names)) < len(names) or not all(names) or not names or LINE in names:
        raise MappingError("the first line is not a header of distinct names; give `file.names`")
    ended = False
    while not ended:
        lines: list[int] = []
        rows: list[list[str]] = []
        broken: list[tuple[int, str, str]] = []
        ended = True
        for line, cells, problem in _cells(reader):
            if not problem and len(cells) == len(names):
                lines.append(line)
                rows.append(cells)
            else:
                reason = problem or f"{len(cells)} cells under {len(names)} names"
                broken.append((line, reason, json.dumps(cells, ensure_ascii=False)))
            if len(rows) + len(broken) == size:
                ended = False
                break
        columns = zip(*rows, strict=True) if rows else [() for _ in names]
        frame = pl.DataFrame(
            {LINE: lines, **dict(zip(names, columns, strict=True))},
            schema={LINE: pl.Int64, **dict.fromkeys(names, pl.String)},
        )
        stripped = pl.col(*names).str.strip_chars()
        yield Batch(frame.with_columns(stripped.replace("", None)), broken, raw.tell())


def _cells(reader: Any) -> Iterator[tuple[int, list[str], str]]:
    """Each record with the line it begins on, and why it cannot be read, "" where it can."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            yield line, [], f"the line is not CSV: {problem}"
            continue
        if cells:
            yield line, cells, ""


def _of_lines(text: io.TextIOBase, file: File) -> Iterator[_Record]:
    for line, words in enumerate(text, start=1):
        if not words.strip():
            continue
        try:
            document = json.loads(words, parse_float=str, parse_int=str, parse_constant=str)
        except ValueError as problem:
            yield _Record(line, {}, f"the line is not JSON: {problem}", words.strip())
            continue
        yield from _walked(document, line, file)


def _of_document(text: io.TextIOBase, kind: str, file: File) -> Iterator[_Record]:
    """The records of one document, numbered in their order: a parser of documents does not tell lines."""
    body = text.read()
    try:
        if kind == ".json":
            document = json.loads(body, parse_float=str, parse_int=str, parse_constant=str)
        else:
            # The base loader leaves numbers as they are written.
            document = yaml.load(body, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506
    except (ValueError, yaml.YAMLError) as problem:
        raise MappingError(f"the file cannot be read: {problem}") from problem
    for number, record in enumerate(_walked(document, 0, file), start=1):
        yield _Record(number, record.cells, record.reason, record.text)


def _walked(document: Any, line: int, file: File) -> Iterator[_Record]:
    found = False
    for tree in file.trees:
        for cells in _branches(document, tree, {}):
            found = True
            yield _Record(line, cells)
        if found and file.either:
            return
    if not found:
        text = json.dumps(document, ensure_ascii=False)[:1000]
        yield _Record(line, {}, "nothing stands where the mapping's trees lead", text)


def _branches(
    node: Any, tree: tuple[str, ...], passed: Mapping[str, str | None]
) -> Iterator[Mapping[str, str | None]]:
    if not tree:
        if isinstance(node, dict):
            yield {**passed, **dict(_flat(node, ""))}
        return
    step, rest = tree[0], tree[1:]
    if isinstance(node, dict):
        plain = {name: _text(value) for name, value in node.items() if not isinstance(value, (dict, list))}
        passed = {**passed, **plain}
    if step == "[]":
        for item in node if isinstance(node, list) else []:
            yield from _branches(item, rest, passed)
    elif isinstance(node, dict) and step.startswith("{"):
        for name, value in node.items():
            yield from _branches(value, rest, {**passed, step.strip("{}"): name})
    elif isinstance(node, dict) and step in node:
        yield from _branches(node[step], rest, passed)


def _flat(node: Mapping[str, Any], before: str) -> Iterator[tuple[str, str | None]]:
    for name, value in node.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", _text(value)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip() or None
    return json.dumps(value, ensure_ascii=False)


def _parquet(path: Path, size: int) -> Iterator[Batch]:
    lazy = pl.scan_parquet(path)
    rows = lazy.select(pl.len()).collect().item()
    whole, total = max(rows, 1), path.stat().st_size
    for start in range(0, max(rows, 1), size):
        part = lazy.slice(start, size).collect()
        text = part.with_columns(_as_text(name, dtype) for name, dtype in part.schema.items())
        lines = pl.int_range(start + 1, start + 1 + part.height, dtype=pl.Int64, eager=True)
        position = total * min(start + size, whole) // whole
        yield Batch(text.insert_column(0, lines.alias(LINE)), [], position)


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Datetime):
        zoned = pl.col(name).dt.convert_time_zone("UTC") if dtype.time_zone else pl.col(name)
        return zoned.dt.to_string("iso:strict")
    if isinstance(dtype, pl.Struct):
        return pl.col(name).struct.json_encode()
    return pl.col(name).cast(pl.String)
