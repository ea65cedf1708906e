"""A ledger in which everything that a source can say is an attack, and a service that says such things.

Which columns those are follows from the schema, so that a new column is attacked without a word here.
"""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest

from reports import build
from warehouse.data_folder import LEDGER_FILE
from warehouse.ledger import Ledger
from warehouse.schema import TABLES, Column
from warehouse.storage import FileStorage

SAID: Final = (
    "<script>window.pwned = 1; document.title = 'pwned'</script>",
    "<img src=x onerror='window.pwned = 1'>",
    "\"><svg onload='window.pwned = 1'><a title=\"",
    "</script><!--<script>window.pwned = 1</script>",
    "</title></style></textarea><iframe srcdoc='<script>parent.pwned = 1</script>'>",
    "javascript:window.pwned = 1",
    "data:text/html,<script>parent.pwned = 1</script>",
    "{{ 7 * 7 }}{% raw %}${7 * 7}",
    "'; DROP TABLE offers; --",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "\x1b[2J\x1b]0;pwned\x07\x1b[31m\x9b31m",
    "\x01\x02\x08\x0b\x0c\x7f\ufffe\uffff",
    "\u202eevil\u2066\u200b\u200d\ufeff\u2028",
    "../../x",
    "..\\..\\x",
    "http://[",
    "http://example.com/\"onmouseover='window.pwned = 1'",
    "CON",
    "a,b;c\n\"d'",
)
LONG: Final = "long<b>" + "x" * 100_000
# Who wrote a row, not what a source said; offers are found by them, so they are as they are.
OURS: Final = frozenset(
    {
        "run_id",
        "provider",
        "source",
        "capture_id",
        "capture_ids",
        "parser_version",
        "sources",
        "gpuledger_version",
    }
)
NEWEST: Final = datetime(2026, 11, 19, 3, tzinfo=UTC)
_LONG_ROWS: Final = 3


def attacked(column: Column) -> bool:
    """Whether a source has a say in a column, and what it says is not of a closed set."""
    return column.kind in {"text", "json", "text_list"} and not column.allowed and column.name not in OURS


def _value(column: Column, said: str) -> Any:
    values = {
        "text": said,
        "json": json.dumps({said: said}),
        "text_list": [said, said],
        "integer": 1,
        "number": 1.0,
        "flag": True,
        "timestamp": NEWEST,
        "date": NEWEST.date(),
    }
    return column.allowed[0] if column.allowed else values[column.kind]


def _spread(connection: duckdb.DuckDBPyConnection) -> None:
    """Put an attack before every stored text, the same before the same, so that series hold together."""
    quoted = ", ".join("'" + said.replace("'", "''") + "'" for said in SAID)
    connection.execute(f"CREATE TEMP MACRO attack(t) AS ([{quoted}])[1 + (hash(t) % {len(SAID)})::INT]")
    for table in TABLES:
        for column in filter(attacked, table.columns):
            name = column.name
            value = {
                "text": f"attack({name}) || {name}",
                "json": f"json_object(attack({name}), {name}, 'long', attack({name}))",
                "text_list": f"list_transform({name}, t -> attack(t))",
            }[column.kind]
            # Most known GPUs stay so, for only they have pages; those attacked draw hostile labels in charts.
            where = "hash(gpu_model) % 12 = 0" if name == "gpu_model" else "true"
            connection.execute(f"UPDATE {table.name} SET {name} = {value} WHERE {where}")
            connection.execute(
                f"UPDATE {table.name} SET {name} = $1 WHERE rowid IN "
                f"(SELECT rowid FROM {table.name} ORDER BY rowid DESC LIMIT {_LONG_ROWS})",
                [_value(column, LONG)],
            )


def _planted(ledger: Ledger) -> None:
    """A row of every table for each attack, by a provider that is called like it."""
    for table in TABLES:
        rows = []
        for place, said in enumerate([*SAID, LONG[:300]]):
            who = {"run_id": f"r{place}", "provider": said, "source": f"{said}.s", "slot": NEWEST}
            row = {column.name: _value(column, said) for column in table.columns}
            row |= who | {"origin": "simulated", "gpu_is_known": place % 6 == 0}
            if table.name == "void_runs":
                # The pages show nothing of a run that is void; these have no scrapes.
                row["run_id"] = f"void-{place}-{said}"
            rows.append({name: row[name] for name in table.by_name})
        ledger.append_rows(table.name, rows)


@pytest.fixture(scope="session")
def hostile_home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's data folder with every text attacked and published, so that every page has much to show."""
    home = tmp_path_factory.mktemp("hostile")
    shutil.copyfile(demo_home / LEDGER_FILE, home / LEDGER_FILE)
    with duckdb.connect(str(home / LEDGER_FILE)) as connection:
        _spread(connection)
    with Ledger(FileStorage(home)) as ledger:
        _planted(ledger)
    FileStorage(home).publish()
    return home


@pytest.fixture(scope="session")
def hostile_site(hostile_home: Path) -> Path:
    """Its site."""
    out = hostile_home / "site"
    build.build(FileStorage(hostile_home), out, as_of=NEWEST)
    return out
