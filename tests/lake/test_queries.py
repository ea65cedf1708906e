"""`sql` on a lake: no function writes, connects elsewhere or reads the database's host, on either storage."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.operations.query import execute as answer
from flows.operations.sql_allowlist import QueryRefused, _allowed, check
from flows.runtime.installation import Installation
from tests.lake.conftest import HOST, execute
from warehouse.credentials import environment_without_credentials, self_contained
from warehouse.ledger import Ledger
from warehouse.session import read_warehouse
from warehouse.storage import FileStorage
from warehouse.storage.lake import Lake
from warehouse.storage.lake_extensions import reach_s3

ATTACKS = (
    "FROM ducklake_cleanup_old_files('lake', cleanup_all => true)",
    "FROM ducklake_delete_orphaned_files('lake', cleanup_all => true)",
    "FROM ducklake_expire_snapshots('lake', older_than => now())",
    "FROM ducklake_options('lake')",
    "FROM ducklake_list_files('lake', 'offers')",
    "FROM postgres_scan('host=127.0.0.1 port={port} connect_timeout=1', 'public', 't')",
    "FROM postgres_scan_pushdown('host=127.0.0.1 port={port} connect_timeout=1', 'public', 't')",
    "FROM postgres_attach('host=127.0.0.1 port={port} connect_timeout=1')",
    "FROM postgres_query('__ducklake_metadata_lake', 'SELECT pg_read_file(''/etc/hostname'')')",
    "FROM postgres_execute('__ducklake_metadata_lake', 'COPY (SELECT 1) TO ''/tmp/x''')",
    "FROM __ducklake_metadata_lake.public.ducklake_data_file",
    "FROM __ducklake_metadata_lake.pg_catalog.pg_authid",
    "FROM read_postgres_binary('/etc/passwd')",
    "FROM pg_clear_cache()",
    "FROM duckdb_secrets()",
    "FROM duckdb_databases()",
    "FROM duckdb_settings()",
    "FROM which_secret('s3://ledger', 's3')",
    "SELECT current_setting('s3_secret_access_key')",
    "FROM query('FROM duckdb_secrets()')",
    "FROM query_table('duckdb_databases')",
    "SELECT json_serialize_plan('FROM duckdb_secrets()')",
    "FROM json_execute_serialized_sql(json_serialize_sql('FROM duckdb_secrets()'))",
    "FROM '{data}/main/offers/*.parquet'",
    "FROM read_parquet('{data}/main/offers/*.parquet')",
    "FROM glob('{data}/**')",
    "SHOW DATABASES",
    "WITH x AS (SELECT 1) FROM x, (FROM postgres_scan('port={port}', 'public', 't'))",
    "DESCRIBE FROM postgres_scan('host=127.0.0.1 port={port}', 'public', 't')",
    "EXPLAIN FROM postgres_scan('host=127.0.0.1 port={port}', 'public', 't')",
)


@pytest.fixture(scope="module")
def place(database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake.parse(f"ducklake:postgres:{database()}", str(tmp_path_factory.mktemp("questions")))
    with Ledger(lake):
        pass
    return lake


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    with Ledger(FileStorage(home)):
        pass
    FileStorage(home).publish()
    return home


def test_every_attack_is_refused_on_both_storages_and_nobody_is_called(
    place: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "not-for-others")
    with socket.socket() as elsewhere:
        elsewhere.bind((HOST, 0))
        elsewhere.listen()
        elsewhere.settimeout(0)
        port = elsewhere.getsockname()[1]
        for warehouse in ("", str(place)):
            monkeypatch.setenv("GPULEDGER_WAREHOUSE", warehouse)
            attacks = [query.format(port=port, data=place.data) for query in ATTACKS]
            installation = Installation.of_process(folder)
            with read_warehouse(installation.for_queries()) as connection:
                for query in attacks:
                    with pytest.raises(QueryRefused):
                        check(connection, query)
            for query in attacks[:1]:
                with pytest.raises(QueryRefused):
                    answer(installation, query, "table", None)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
        monkeypatch.setenv("GPULEDGER_WAREHOUSE", str(place))
        answer(Installation.of_process(folder), "SELECT count(*) FROM latest_offers", "csv", None)


def test_every_function_of_every_extension_is_listed_or_refused(place: Lake) -> None:
    listed = {kind: _allowed(kind) for kind in ("operators", "scalar", "aggregate", "macro", "table")}
    with place.open(read_only=True) as connection:
        before = connection.execute("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()
        reach_s3(connection)
        found = connection.execute(
            "SELECT DISTINCT function_name, function_type LIKE 'table%' FROM duckdb_functions()"
        ).fetchall()
        assert len(found) > len(before) > 500
        for name, of_rows in found:
            query = f'FROM "{name}"()' if of_rows else f'SELECT "{name}"()'
            kinds = ("table",) if of_rows else ("operators", "scalar", "aggregate", "macro")
            if not any(name.lower() in listed[kind] for kind in kinds):
                with pytest.raises(QueryRefused, match="not allowed in a query"):
                    check(connection, query)
        foreign = ("ducklake", "postgres", "read_", "pg_clear", "http", "s3", "write", "glob", "getenv")
        assert not [name for kind in listed.values() for name in kind if name.startswith(foreign)]


def test_credentials_are_the_lakes_own_and_not_in_the_environment(
    place: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    monkeypatch.setenv("PGSSLMODE", "prefer")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    held = place.as_reader(os.environ)
    assert (held.password, "hunter2" in f"{held!r} {held}") == ("hunter2", False)
    assert held.catalog.startswith("sslmode='prefer' ")
    with environment_without_credentials(), read_warehouse(held) as connection:
        assert not [name for name in os.environ if name.startswith(("PG", "AWS_"))]
        assert connection.execute("SELECT count(*) FROM offers").fetchall() == [(0,)]
        shown = connection.execute("SELECT path FROM duckdb_databases()").fetchall()
        assert "hunter2" not in str(shown)
    assert os.environ["PGPASSWORD"] == "hunter2"


def test_a_catalog_given_as_uri_keeps_its_words() -> None:
    catalog = self_contained("postgresql://me@db:5433/ledger?sslmode=require", {"PGUSER": "other"})
    assert catalog == "user='other' user='me' host='db' port='5433' dbname='ledger' sslmode='require'"


def test_a_readers_role_answers_and_cannot_write(
    place: Lake, folder: Path, postgres: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    role, name = f"reader_{os.getpid()}", place.catalog.rpartition("dbname=")[2]
    execute(postgres, f"CREATE ROLE {role} LOGIN PASSWORD 'readers'")
    try:
        monkeypatch.setenv("GPULEDGER_WAREHOUSE", str(place))
        monkeypatch.setenv("GPULEDGER_WAREHOUSE_READER", f"{place} user={role}")
        monkeypatch.setenv("GPULEDGER_WAREHOUSE_READER_PASSWORD", "readers")
        with Lake(place.catalog).open() as connection:
            statements = (
                f"GRANT USAGE ON SCHEMA public TO {role}",
                f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}",
            )
            for statement in statements:
                connection.execute("CALL postgres_execute('__ducklake_metadata_lake', ?)", [statement])
        answer(
            Installation.of_process(folder), "SELECT count(*) AS n FROM offers", "csv", tmp_path / "answer"
        )
        assert (tmp_path / "answer").read_text(encoding="utf-8") == "n\n0\n"
        with (
            Lake(f"{place.catalog} user={role}").open() as connection,
            pytest.raises(Exception, match=r"denied|commit"),
        ):
            connection.execute("CREATE TABLE mine (i INTEGER)")
    finally:
        with Lake(place.catalog).open() as connection:
            connection.execute(
                "CALL postgres_execute('__ducklake_metadata_lake', ?)", [f"DROP OWNED BY {role}"]
            )
        execute(postgres, f"DROP ROLE {role}")
    assert name
