"""The SQL allow-list: names in a user's query, checked in its parse tree before binding.

DuckDB binds a table function by calling it: `postgres_scan` connects, `read_csv` opens its file, and on a
lake the functions of DuckLake delete files. A connection cannot be denied a function, so that a query is
let through only if every function in it is listed in sql_functions.toml and every table is one of the
warehouse.
"""

from __future__ import annotations

import json
import re
import tomllib
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

import duckdb

from warehouse.errors import GpuledgerError

_LIST: Final = Path(__file__).with_name("sql_functions.toml")
_COMPUTING: Final = ("operators", "scalar", "aggregate", "macro")
# What the parser calls the parts of a query; an unknown part is refused.
_NODES: Final = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_RELATIONS: Final = frozenset(
    {
        "BASE_TABLE",
        "EMPTY",
        "EXPRESSION_LIST",
        "JOIN",
        "PIVOT",
        "SHOW_REF",
        "SUBQUERY",
        "TABLE_FUNCTION",
    }
)
_EXPRESSIONS: Final = frozenset(
    {
        "BETWEEN",
        "CASE",
        "CAST",
        "COLLATE",
        "COLUMN_REF",
        "COMPARISON",
        "CONJUNCTION",
        "CONSTANT",
        "FUNCTION",
        "LAMBDA",
        "LAMBDA_REF",
        "OPERATOR",
        "PARAMETER",
        "POSITIONAL_REFERENCE",
        "STAR",
        "SUBQUERY",
        "TYPE",
        "WINDOW",
    }
)
_GAP: Final = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)"
_OPTION: Final = r"(?:ANALYZE|FORMAT\s+\w+)"
_EXPLAIN: Final = re.compile(
    rf"{_GAP}*EXPLAIN\b(?:{_GAP}*ANALYZE\b|{_GAP}*\(\s*{_OPTION}(?:\s*,\s*{_OPTION})*\s*\))?", re.I | re.S
)
_OURS: Final = """
    SELECT lower(table_name) FROM duckdb_tables() WHERE schema_name = 'main' AND NOT internal
    UNION SELECT lower(view_name) FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal
"""


class QueryRefused(GpuledgerError):
    """The query is refused; the message says why."""


class QueryNames:
    """The names that a query may use, in lower case, listed by a connection when they are needed."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    @cached_property
    def databases(self) -> frozenset[str]:
        """The databases that the connection shows; DuckLake hides its catalog's own."""
        return self._names("SELECT lower(database_name) FROM duckdb_databases() WHERE NOT internal")

    @cached_property
    def tables(self) -> frozenset[str]:
        """The tables and views of the warehouse."""
        return self._names(_OURS)

    def _names(self, query: str) -> frozenset[str]:
        return frozenset(name for (name,) in self._connection.execute(query).fetchall())

    def refuse_table(self, node: dict[str, Any], ctes: frozenset[str]) -> None:
        """Raise QueryRefused for a table that is neither the warehouse's nor the query's own."""
        name = str(node["table_name"]).lower()
        qualifiers = [str(node[part]).lower() for part in ("catalog_name", "schema_name") if node[part]]
        if name in ctes and qualifiers in ([], ["recurring"]):
            return
        if qualifiers and qualifiers[0] in {*self.databases, "system"}:
            qualifiers.pop(0)
        known = self.tables
        if qualifiers == ["information_schema"]:
            return
        if qualifiers in ([], ["main"]) and name in {*known, *_allowed("catalog")}:
            return
        shown = ".".join(
            str(node[part]) for part in ("catalog_name", "schema_name", "table_name") if node[part]
        )
        raise QueryRefused(
            f'{shown} is not a table or view of the warehouse; `gpuledger sql "SHOW TABLES"` lists them'
        )


def check(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Raise QueryRefused unless the text is one query that names only what is listed.

    Nothing of the query is bound or run.
    """
    explained = _EXPLAIN.match(query)
    statements = _parsed(connection, query[explained.end() :] if explained else query)
    if not statements:
        raise QueryRefused(_STATEMENT)
    if len(statements) > 1:
        raise QueryRefused("those are several queries: run one at a time")
    names = QueryNames(connection)
    waiting: list[tuple[Any, frozenset[str]]] = [(statements[0]["node"], frozenset())]
    while waiting:
        node, ctes = waiting.pop()
        if isinstance(node, list):
            waiting += [(each, ctes) for each in node]
        elif isinstance(node, dict):
            waiting += _checked(node, ctes, names)


_STATEMENT: Final = "that is a statement, not a query: use SELECT; the warehouse is read-only"


def _parsed(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    try:
        ((text,),) = connection.execute("SELECT json_serialize_sql(?)", [query]).fetchall()
        tree = json.loads(text)
    except RecursionError:
        raise QueryRefused("the query is nested too deeply: split it with WITH") from None
    if not tree["error"]:
        return list(tree["statements"])
    if tree["error_type"] == "parser":
        # Parsed once more for the message, which shows the place; what does not parse is not run.
        connection.extract_statements(query)
    if tree["error_type"] == "not implemented":
        raise QueryRefused(_STATEMENT)
    raise QueryRefused(tree["error_message"])


def _checked(
    node: dict[str, Any], ctes: frozenset[str], names: QueryNames
) -> list[tuple[Any, frozenset[str]]]:
    """Check one node of a parse tree; returns its parts, each with the names of the CTEs that it sees."""
    kind = node.get("type")
    if "class" in node:
        _refuse_unknown(node["class"], _EXPRESSIONS)
    elif "cte_map" in node:
        _refuse_unknown(kind, _NODES)
    elif {"alias", "sample"} <= node.keys():
        _refuse_unknown(kind, _RELATIONS)
    if "function_name" in node:
        _refuse_function(node, _COMPUTING)
    if kind == "BASE_TABLE":
        names.refuse_table(node, ctes)
    if kind == "SHOW_REF" and node["query"] is None:
        _refuse_list(node)
    if kind == "TABLE_FUNCTION":
        _refuse_function(node["function"], ("table",))
        return [(part, ctes) for name, part in node.items() if name != "function"] + [
            (node["function"]["children"], ctes)
        ]
    if "cte_map" in node:
        return _within(node, ctes)
    return [(part, ctes) for part in node.values()]


def _within(node: dict[str, Any], ctes: frozenset[str]) -> list[tuple[Any, frozenset[str]]]:
    """The parts of a query: a CTE sees those before it, a recursive one itself, the rest all of them."""
    if node.get("cte_name"):
        ctes |= {str(node["cte_name"]).lower()}
    parts: list[tuple[Any, frozenset[str]]] = []
    for entry in node["cte_map"]["map"]:
        parts.append((entry["value"], ctes))
        ctes |= {str(entry["key"]).lower()}
    return parts + [(part, ctes) for name, part in node.items() if name != "cte_map"]


def _refuse_unknown(kind: Any, known: frozenset[str]) -> None:
    if kind not in known:
        raise QueryRefused(f"{kind} is not allowed in a query; use a plain SELECT")


def _refuse_function(node: dict[str, Any], kinds: tuple[str, ...]) -> None:
    name = str(node["function_name"])
    ours = str(node.get("schema", "")).lower() in {"", "main"} and str(node.get("catalog", "")).lower() in {
        "",
        "system",
    }
    if not ours or not any(name.lower() in _allowed(kind) for kind in kinds):
        raise QueryRefused(
            f"{name}() is not allowed in a query, which only computes from the warehouse's tables and "
            "views; export them with `gpuledger export` to use it in a DuckDB of your own"
        )


def _refuse_list(node: dict[str, Any]) -> None:
    shown = str(node["table_name"]).strip('"')
    if node["show_type"] == "SHOW_UNQUALIFIED" and shown not in _allowed("show"):
        raise QueryRefused(f"SHOW {shown.upper()} does not query the warehouse; use SHOW TABLES")


@cache
def _allowed(kind: str) -> frozenset[str]:
    return frozenset(name.lower() for name in tomllib.loads(_LIST.read_text(encoding="utf-8"))[kind])
