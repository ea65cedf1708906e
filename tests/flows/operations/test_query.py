"""Questions end: by Ctrl-C, by time and by memory; every type is answered, and no half answer is left."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import gettempdir

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.cli.terminal import Terminal
from flows.operations.query import execute
from flows.operations.sql_allowlist import QueryRefused, check
from flows.runtime.installation import Installation
from flows.runtime.interruption import TimeOver
from reports.cookbook import Recipe, recipes
from warehouse.data_folder import WAREHOUSE_FILE
from warehouse.ledger import Ledger
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage

ENDLESS = "SELECT count(*) FROM range(1000000000000)"
VALUES = {
    "BOOLEAN": "true",
    "HUGEINT": "-99999999999999999999999999999999999999",
    "UHUGEINT": "340282366920938463463374607431768211455",
    "BIGNUM": "-123456789012345678901234567890",
    "DOUBLE": "'nan'",
    "FLOAT": "'-inf'",
    "DECIMAL(9, 2)": "-1.50",
    "DATE": "'infinity'",
    "TIMESTAMP": "'-infinity'",
    "TIMESTAMP_S": "'infinity'",
    "TIMESTAMP_MS": "'infinity'",
    "TIMESTAMP_NS": "'infinity'",
    "TIMESTAMPTZ": "'290000-01-01'",
    "TIME": "'24:00:00'",
    "TIMETZ": "'01:02:03+02'",
    "INTERVAL": "'-1 day'",
    "UUID": "'01a2111a-1b31-7a58-835d-c715fe4373ed'",
    "BLOB": "'\\xAA'",
    "BIT": "'101'",
    "ENUM('a', 'b')": "'a'",
    "JSON": "'{}'",
    "VARCHAR": "'=1'",
    "UNION(number INTEGER, word VARCHAR)": "1",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("asked")
    with Ledger(FileStorage(folder)):
        pass
    FileStorage(folder).publish()
    return folder


@st.composite
def typed(draw: st.DrawFn) -> str:
    """An expression of any type that can be nested."""
    kind, value = draw(st.sampled_from(sorted(VALUES.items())))
    expression = draw(st.sampled_from([f"{value}::{kind}", f"NULL::{kind}"]))
    forms = st.sampled_from(["[{}]", "{{'a b': {}}}", "map{{'k': {}}}", "array_value({})"])
    for form in draw(st.lists(forms, max_size=3)):
        expression = form.format(expression)
    return expression


@settings(max_examples=8)
@given(first=typed(), second=typed())
def test_every_type_is_answered_in_every_form(home: Path, first: str, second: str) -> None:
    query = f"SELECT {first} AS x, {second} AS x"
    answer = home.with_name("answer")
    for form in ("table", "csv", "json", "parquet"):
        execute(Installation(home), query, form, answer)
        if form == "csv":
            (row,) = csv.DictReader(io.StringIO(answer.read_text(encoding="utf-8")))
            assert list(row) == ["x", "x_1"]
        elif form == "json":
            (row,) = json.loads(answer.read_text(encoding="utf-8"))
            assert list(row) == ["x", "x_1"]
        elif form == "parquet":
            assert pq.read_table(answer).num_rows == 1


def test_a_sum_is_a_number_in_parquet_and_one_that_no_column_holds_is_said_to_be(
    home: Path, tmp_path: Path
) -> None:
    answer = tmp_path / "answer"
    execute(Installation(home), "SELECT sum(x) AS total FROM range(4) t(x)", "parquet", answer)
    assert pq.read_table(answer)["total"].to_pylist() == [6]
    with pytest.raises(QueryRefused, match=r"out of range|DECIMAL"):
        execute(
            Installation(home),
            "SELECT 170141183460469231731687303715884105727::HUGEINT AS x",
            "parquet",
            tmp_path / "other",
        )
    assert not (tmp_path / "other").exists()


def test_moments_within_the_calendar_read_as_before(home: Path, tmp_path: Path) -> None:
    query = (
        "SELECT '2026-01-02 03:04:05.5'::TIMESTAMPTZ AS at, DATE '2026-01-02' AS day, -1::HUGEINT AS total, "
        "'infinity'::DATE AS never, ['\\xAA'::BLOB] AS bytes"
    )
    execute(Installation(home), query, "csv", tmp_path / "a.csv")
    text = "at,day,total,never,bytes\n2026-01-02T03:04:05.500000+0000,2026-01-02,-1,infinity,aa\n"
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == text
    execute(Installation(home), query, "json", tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == [
        {
            "at": "2026-01-02T03:04:05.500+00:00",
            "day": "2026-01-02",
            "total": "-1",
            "never": "infinity",
            "bytes": ["aa"],
        }
    ]


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_a_long_answer_is_whole_and_an_empty_one_has_its_columns(
    home: Path, tmp_path: Path, form: str
) -> None:
    rows = 30_000
    execute(Installation(home), f"SELECT range AS n, 'x' AS word FROM range({rows})", form, tmp_path / "long")
    execute(Installation(home), "SELECT 1 AS n WHERE false", form, tmp_path / "empty")
    read = {"csv": pl.read_csv, "json": pl.read_json, "parquet": pl.read_parquet}[form]
    assert read(tmp_path / "long")["n"].to_list() == list(range(rows))
    if form == "json":
        assert json.loads((tmp_path / "empty").read_text(encoding="utf-8")) == []
    else:
        assert read(tmp_path / "empty").columns == ["n"]


def test_time_over_is_said_and_leaves_the_former_answer(home: Path, tmp_path: Path) -> None:
    (tmp_path / "answer").write_text("former", encoding="utf-8")
    with pytest.raises(TimeOver, match="stopped after"):
        execute(
            Installation(home), "SELECT * FROM range(1000000000000)", "csv", tmp_path / "answer", None, 0.2
        )
    assert [path.name for path in tmp_path.iterdir()] == ["answer"]
    assert (tmp_path / "answer").read_text(encoding="utf-8") == "former"


@pytest.mark.parametrize(
    ("query", "options"),
    [
        (ENDLESS, ()),
        ("SELECT * FROM range(1000000000000)", ("-f", "csv", "-o", "answer")),
        ("SELECT max(length(repeat('x', 3000000 + range::INT))) FROM range(100000)", ()),
    ],
)
def test_ctrl_c_ends_a_question_at_once_and_leaves_nothing(
    home: Path, tmp_path: Path, query: str, options: tuple[str, ...]
) -> None:
    command = [sys.executable, "-m", "flows.cli.app", "sql", "--home", str(home), query, *options]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE) as asked:
        until = time.monotonic() + 30
        while not list(tmp_path.glob(".gpuledger-spill-*/*/..")) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.3)
        asked.send_signal(signal.SIGINT)
        said = asked.communicate(timeout=10)[1]
    assert (asked.returncode, said) == (130, b"")
    assert list(tmp_path.iterdir()) == []
    assert {path.name for path in home.iterdir()} == {"ledger.duckdb", WAREHOUSE_FILE}


@pytest.mark.soak
def test_an_answer_that_takes_too_much_memory_is_a_sentence(home: Path) -> None:
    query = "SELECT max(length(repeat('x', 3000000 + range::INT))) FROM range(100000)"
    command = [sys.executable, "-m", "flows.cli.app", "sql", "--home", str(home), query]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "the query needs more memory than it may use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_temporary_files_lie_outside_the_data_folder_and_are_bounded(home: Path) -> None:
    asked = "SELECT current_setting('temp_directory'), current_setting('memory_limit'), current_setting(?)"
    with read_warehouse(FileStorage(home)) as connection:
        ((folder, memory, spilled),) = connection.execute(asked, ["max_temp_directory_size"]).fetchall()
    assert Path(folder).is_relative_to(gettempdir())
    assert not Path(folder).is_relative_to(home)
    assert (memory, spilled) == ("1.8 GiB", "9.3 GiB")


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.name)
def test_recipes_name_nothing_that_is_refused(home: Path, recipe: Recipe) -> None:
    with read_warehouse(FileStorage(home)) as connection:
        check(connection, recipe.query)


def test_a_function_that_is_not_listed_is_refused_by_name_wherever_it_is_named(home: Path) -> None:
    with read_warehouse(FileStorage(home)) as connection:
        for call in ("getenv('x')", "current_setting('x')", "system.main.current_setting('x')"):
            for query in (
                f"SELECT {call}",
                f"WITH x AS (SELECT {call}) SELECT 1",
                f"SELECT [{call} FOR x IN [1]]",
                f"SELECT list_transform([1], lambda x: {call})",
                f"DESCRIBE SELECT {call}",
                f"SUMMARIZE SELECT {call}",
                f"EXPLAIN SELECT {call}",
                f"SELECT 1 ORDER BY {call}",
                f"SELECT 1 LIMIT (SELECT {call})",
                f"SELECT * REPLACE ({call} AS n) FROM (SELECT 1 AS n)",
                f"FROM range(1), (SELECT {call})",
                f"SELECT sum(1) FILTER ({call} = '') OVER (ORDER BY {call})",
                f"PIVOT (SELECT 1 AS a) ON a IN (1) USING max({call})",
            ):
                with pytest.raises(QueryRefused, match="not allowed in a query"):
                    check(connection, query)


@pytest.mark.parametrize("module", ["flows", "flows.cli.app"])
def test_the_module_is_the_command_and_empty_variables_are_unset(home: Path, module: str) -> None:
    options = ("-OO", "-m", module, "sql", "--home", str(home), "SELECT 1 AS n", "-f", "csv")
    empty = {"GPULEDGER_HOME": "", "GPULEDGER_PROVIDERS": "", "GPULEDGER_ONLY": "", "GPULEDGER_WAREHOUSE": ""}
    environment = {**os.environ, **empty, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(
        [sys.executable, *options], env=environment, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "n\n1\n", "")


def test_words_between_colons_are_printed_as_they_are() -> None:
    terminal = Terminal(file=io.StringIO(), width=80)
    terminal.print("a :smile: of a source")
    assert isinstance(terminal.file, io.StringIO)
    assert terminal.file.getvalue() == "a :smile: of a source\n"
