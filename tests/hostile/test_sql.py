"""`gpuledger sql` asks questions of one file: it writes, attaches, reads and installs nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from subprocess import CompletedProcess

import duckdb
import polars as pl
import pytest

from flows.operations.query import execute
from flows.operations.sql_allowlist import QueryRefused
from flows.runtime.installation import Installation
from warehouse.ledger import Ledger
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage

Gpuledger = Callable[..., CompletedProcess[str]]
STATEMENTS = (
    "INSERT INTO offers SELECT * FROM offers",
    "UPDATE offers SET region = ''",
    "DELETE FROM offers",
    "CREATE TABLE t AS SELECT 1",
    "CREATE TEMP TABLE t AS SELECT 1",
    "CREATE MACRO f(x) AS x",
    "DROP TABLE offers",
    "ALTER TABLE offers ADD COLUMN x INT",
    "TRUNCATE offers",
    "COPY offers TO '{folder}/out.csv'",
    "COPY offers FROM '{folder}/in.csv'",
    "COPY (SELECT 1) TO '{folder}/out.parquet' (FORMAT parquet)",
    "EXPORT DATABASE '{folder}/out'",
    "IMPORT DATABASE '{folder}/in'",
    "ATTACH '{folder}/other.duckdb'",
    "ATTACH ':memory:' AS other",
    "DETACH warehouse",
    "USE warehouse",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{folder}/in.csv'",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "RESET ALL",
    "PRAGMA enable_profiling = 'json'",
    "PRAGMA profiling_output = '{folder}/out.json'",
    "CALL force_checkpoint()",
    "CHECKPOINT",
    "VACUUM",
    "BEGIN",
    "PREPARE v AS SELECT 1",
    "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY (SELECT 1) TO '{folder}/out.csv'",
    "SELECT 1; SET enable_external_access = true; SELECT * FROM '{folder}/in.csv'",
    "",
    "-- nothing",
)
QUESTIONS = (
    "SELECT * FROM read_csv('{folder}/in.csv')",
    "SELECT * FROM read_text('{folder}/in.csv')",
    "SELECT * FROM read_blob('{folder}/in.csv')",
    "SELECT * FROM read_json('{folder}/in.csv')",
    "SELECT * FROM read_parquet('{folder}/in.csv')",
    "SELECT * FROM parquet_metadata('{folder}/in.csv')",
    "SELECT * FROM sniff_csv('{folder}/in.csv')",
    "SELECT * FROM glob('{folder}/*')",
    "FROM '{folder}/in.csv'",
    "FROM '{folder}/other.duckdb'",
    "SELECT * FROM query('COPY (SELECT 1) TO ''{folder}/out.csv''')",
    "SELECT * FROM query_table('{folder}/in.csv')",
    "FROM 'https://example.com/in.csv'",
    "FROM read_parquet('s3://bucket/in.parquet')",
    "SELECT * FROM sqlite_scan('{folder}/other.db', 't')",
    "SELECT getenv('HOME')",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM which_secret('s3://bucket', 's3')",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{folder}/out.csv'",
    "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty ledger, with files beside it that nobody may read."""
    home = tmp_path_factory.mktemp("asked")
    with Ledger(FileStorage(home)):
        pass
    FileStorage(home).publish()
    (home / "in.csv").write_text("secret\nhush\n", encoding="utf-8")
    with duckdb.connect(str(home / "other.duckdb")) as other:
        other.execute("CREATE TABLE hush AS SELECT 1")
    return home


@pytest.mark.parametrize("query", [*STATEMENTS, *QUESTIONS])
def test_every_way_out_is_refused_and_leaves_nothing_behind(
    home: Path, query: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _folder(home)
    with pytest.raises(QueryRefused) as refused:
        execute(Installation(home), query.replace("{folder}", str(home)), "table", None)
    assert str(refused.value)
    assert "hush" not in capsys.readouterr().out + str(refused.value).replace("hush AS", "")
    assert _folder(home) == before


@pytest.mark.parametrize("query", [query for query in STATEMENTS if query.startswith(tuple("ABCDEILPRSTUV"))])
def test_the_connection_itself_is_locked_whatever_is_asked_of_it(home: Path, query: str) -> None:
    """The refusal of statements is a courtesy; this is the lock."""
    before = _folder(home)
    with read_warehouse(FileStorage(home)) as connection:
        with suppress(duckdb.Error):
            connection.execute(query.replace("{folder}", str(home))).fetchall()
        with pytest.raises(duckdb.Error, match="disabled"):
            connection.execute(f"FROM read_text('{home}/in.csv')").fetchall()
        with pytest.raises(duckdb.Error, match="locked"):
            connection.execute("SET enable_external_access = true")
    assert _folder(home) == before


def _folder(home: Path) -> dict[str, bytes]:
    return {
        path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()
    }


def test_questions_of_every_form_are_answered(home: Path, tmp_path: Path) -> None:
    for query in ("FROM offers", "SHOW TABLES", "DESCRIBE offers", "SUMMARIZE offers", "EXPLAIN SELECT 1"):
        execute(Installation(home), query, "json", tmp_path / "answer.json")
        assert json.loads((tmp_path / "answer.json").read_text(encoding="utf-8")) is not None


SAID = "\x1b[2J\x9b\u202e\u200b=1\x7f"


def test_what_is_for_eyes_is_plain_and_what_is_for_programs_is_exact(home: Path, tmp_path: Path) -> None:
    query = f"SELECT '{SAID}' AS said, '=1+1' AS sum, ['{SAID}'] AS \"{SAID}\""
    plain = r"\x1b[2J\x9b\u202e\u200b=1\x7f"
    execute(Installation(home), query, "csv", tmp_path / "answer.csv")
    assert (tmp_path / "answer.csv").read_text(
        encoding="utf-8"
    ) == f"said,sum,{plain}\n{plain},'=1+1,{plain}\n"
    execute(Installation(home), query, "json", tmp_path / "answer.json")
    text = (tmp_path / "answer.json").read_text(encoding="utf-8")
    assert text.isascii() and text.rstrip("\n").isprintable()
    assert json.loads(text) == [{"said": SAID, "sum": "=1+1", SAID: [SAID]}]
    execute(Installation(home), query, "parquet", tmp_path / "answer.parquet")
    assert pl.read_parquet(tmp_path / "answer.parquet")["said"].to_list() == [SAID]


def test_the_command_refuses_in_a_sentence(home: Path, gpuledger: Gpuledger) -> None:
    refused = gpuledger("sql", "--home", home, "SELECT 1; SELECT 2")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "run one at a time" in refused.stderr
