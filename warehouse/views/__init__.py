"""The gold views: one .sql file each.

A file has the view's name and three parts:

    -- description: GPU-weighted price percentiles (USD per GPU-hour) by series and slot.
    -- cache: days by slot
    -- report: computed once
    -- download: all
    --
    -- Comments on the method, as many lines as it takes.
    CREATE OR REPLACE VIEW price_hourly AS
    SELECT ...;
    COMMENT ON COLUMN price_hourly.lowest IS 'The lowest price. [USD per GPU-hour]';

The header is the lines `-- key: value` at the top; `--` alone separates it from further comments.

description     Required. One sentence that ends with a full stop: the view's comment in DuckDB, the list on
                the data page and the text of a download.
cache           For views of offers: how a later run uses the rows again (warehouse/materialized.py). `days by
                COLUMN`: each row is of the UTC day of that column, and depends on offers of that day and on
                the last rows of every offer before it, never on anything later; rows of closed days are
                cached. `newest`: the rows are of each source's newest snapshot, and only what came after the
                cached days is read. Without the key the view is computed from the tables each time.
report          `computed once`: many pages read the view, so that a report computes its rows once and holds
                them in memory. For views with at most one row a series and slot, or of one snapshot.
download        `all`: the site offers the rows as Parquet and CSV. `last year by COLUMN`: only the rows of
                the last year by that column, for views with a row a machine or an offer. Without the key
                the view is not offered.

A column that has the name and the meaning of a table's column takes its comment from there
(warehouse/schema.py). Every other column is described with COMMENT ON COLUMN below the query. The order in
which views are created follows from what they read. A file that breaks these rules is refused with its line
(ViewRefused).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import duckdb

from warehouse.text_safety import first_line, quoted
from warehouse.views.header import ViewHeader, ViewRefused, parse_header, refused

FOLDER: Path = Path(__file__).parent
_ENDING: Final = ".sql"
_LINE: Final = re.compile(r"LINE (\d+):")


@dataclass(frozen=True)
class View:
    """A gold view: its header, the statements that (re)create it with its comments, and what it reads.

    `reads` are the names of tables and views in its query, and of its common table expressions. `depends_on`
    are those and what they read in turn.
    """

    name: str
    header: ViewHeader
    statement: str
    reads: frozenset[str]
    depends_on: frozenset[str] = frozenset()


def views() -> Mapping[str, View]:
    """Every gold view by its name, each after those that it reads. Raises ViewRefused."""
    return _views(FOLDER)


def view_statements() -> Iterator[str]:
    """The statements that (re)create the gold views, in the order they build on each other."""
    return (view.statement for view in views().values())


@cache
def _views(folder: Path) -> Mapping[str, View]:
    with duckdb.connect() as parser:
        parsed = [
            _view(parser, file.name, file.read_text(encoding="utf-8"))
            for file in sorted(folder.glob(f"*{_ENDING}"))
        ]
    found = {view.name: view for view in parsed}
    graph = {view.name: sorted(view.reads & found.keys()) for view in parsed}
    try:
        order = tuple(TopologicalSorter(graph).static_order())
    except CycleError as problem:
        circle = " reads ".join(reversed(problem.args[1]))
        raise ViewRefused(f"views read each other in a circle: {circle}") from problem
    ordered: dict[str, View] = {}
    for name in order:
        depends_on = found[name].reads.union(*(ordered[other].depends_on for other in graph[name]))
        ordered[name] = view = replace(found[name], depends_on=depends_on)
        if view.header.is_cached and "offers" not in depends_on:
            number = view.header.line_of["cache"]
            raise refused(f"{name}{_ENDING}", number, "only a view of offers can be cached")
    return MappingProxyType(ordered)


def _view(parser: duckdb.DuckDBPyConnection, file: str, text: str) -> View:
    name = file.removesuffix(_ENDING)
    header = parse_header(file, text)
    try:
        create, *_ = parser.extract_statements(text)
    except duckdb.ParserException as problem:
        line = _LINE.search(str(problem))
        raise refused(file, int(line[1]) if line else 1, first_line(problem)) from problem
    _, _, query = create.query.partition(f"VIEW {name} AS")
    comment = f"COMMENT ON VIEW {name} IS {quoted(header.description)};"
    return View(
        name, header, f"{text.rstrip().removesuffix(';')};\n{comment}\n", frozenset(_tables(parser, query))
    )


def _tables(parser: duckdb.DuckDBPyConnection, query: str) -> Iterator[str]:
    """The names of tables in the parse tree of a query."""
    # Written out: the first parameter of a process makes DuckDB import pandas, which takes half a second.
    ((tree,),) = parser.execute(f"SELECT json_serialize_sql({quoted(query)})").fetchall()
    waiting: list[Any] = json.loads(tree)["statements"]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting += node.values()
            if node.get("type") == "BASE_TABLE":
                yield node["table_name"]
        elif isinstance(node, list):
            waiting += node
