"""What Prefect sees of an environment, and the secret of an installation."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect.settings import get_current_settings

from flows.runtime.installation import Installation
from flows.scheduling.prefect_environment import (
    REACHING,
    prefect_environment,
    prefect_prepared,
    settings_file,
)
from flows.scheduling.prefect_secret import api_secret, secret_file
from flows.scheduling.prefect_server import server_variables
from flows.scheduling.servers import ServingRefused, prefect_server
from scrapers.crawl.client import FetchPlan, fetch
from scrapers.parser_process import Parser
from scrapers.registry import source

HOME = Path("/data")
NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
ADDRESS = "https://prefect.example/api"
NAMES = st.sampled_from(
    (
        "PREFECT_LOGGING_LEVEL",
        "PREFECT_PROFILE",
        "PREFECT_HOME",
        "PREFECT_SERVER_API_HOST",
        "PREFECT_SERVER_EPHEMERAL_ENABLED",
        "PREFECT_API_DATABASE_CONNECTION_URL",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL",
        "PREFECT_RUNNER_SERVER_ENABLE",
        "prefect_api_url",
        "Prefect_Logging_Level",
        "PREFECT_ANYTHING",
        *sorted(REACHING - {"PREFECT_API_URL"}),
    )
)
ENVIRONMENTS = st.dictionaries(NAMES, st.text(st.characters(blacklist_characters="\0")), max_size=6)


@given(ENVIRONMENTS)
def test_without_an_address_no_variable_of_prefect_counts(given: dict[str, str]) -> None:
    alone = prefect_environment(HOME, {"PATH": "/bin"})
    assert prefect_environment(HOME, {"PATH": "/bin", **given}) == alone
    assert alone.problem == ""


@given(ENVIRONMENTS)
def test_with_an_address_only_what_reaches_it_counts(given: dict[str, str]) -> None:
    found = prefect_environment(HOME, {**given, "PREFECT_API_URL": ADDRESS})
    own = prefect_environment(HOME, {}).variables
    if found.problem:
        assert found.variables == own
    else:
        added = {name: value for name, value in found.variables.items() if own.get(name) != value}
        assert added.keys() <= REACHING
        assert found.variables["PREFECT_API_URL"] == ADDRESS


@pytest.mark.parametrize(
    "address", ["prefect", "ftp://x/api", "http://", "http://a b/", "http://x:0/api", "http://[/"]
)
def test_what_is_not_an_address_is_named_and_left_out(address: str) -> None:
    found = prefect_environment(HOME, {"PREFECT_API_URL": address})
    assert "PREFECT_API_URL is not an http" in found.problem
    assert "PREFECT_API_URL" not in found.variables


@given(st.sampled_from(["", "a.example", "a.example, b", "localhost"]))
def test_no_proxy_is_asked_for_this_machine(before: str) -> None:
    proxied = {"HTTP_PROXY": "http://proxy:1", "ALL_PROXY": "socks5://proxy:1", "NO_PROXY": before}
    found = prefect_environment(HOME, proxied).variables
    for name in ("no_proxy", "NO_PROXY"):
        assert {"127.0.0.1", "localhost", "::1"} <= set(found[name].split(","))
    assert found["HTTP_PROXY"] == "http://proxy:1"


@pytest.mark.parametrize(
    ("file", "text", "counts"),
    [
        ("prefect.toml", "not TOML [", True),
        (".env", "A=1\n export prefect_logging_level=bogus\n", True),
        (".env", "GPULEDGER_HOME=data\nA=PREFECT_HOME\n", False),
        ("pyproject.toml", "[tool.prefect]\n", True),
        ("pyproject.toml", "not TOML [", True),
        ("pyproject.toml", "[tool.ruff]\n", False),
    ],
)
def test_serve_is_not_started_where_prefect_would_read_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str, counts: bool
) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8")
    assert settings_file(tmp_path) == (file if counts else "")
    monkeypatch.chdir(tmp_path)
    if counts:
        with pytest.raises(ServingRefused, match=file), prefect_server(Installation(tmp_path / "home"), 0):
            pass
        assert not (tmp_path / "home").exists()


def test_a_run_hands_no_credential_of_prefect_to_what_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = ("PREFECT_API_AUTH_STRING", "PREFECT_API_KEY", "PREFECT_CLIENT_CUSTOM_HEADERS")
    for name in (*credentials, "VAST_API_KEY"):
        monkeypatch.setenv(name, "sesame-open")
    seen: list[Mapping[str, str]] = []

    async def refused(*_: object, env: Mapping[str, str], **__: object) -> None:
        seen.append(env)
        raise OSError("no process")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", refused)
    with pytest.raises(OSError, match="no process"):
        asyncio.run(fetch(FetchPlan(home=tmp_path, run_id="run", jobs=()), lambda *_: None))
    monkeypatch.setattr(subprocess, "Popen", lambda *_, env, **__: seen.append(env))
    with pytest.raises(AttributeError):
        Parser().reading(source("aws.spot"), tmp_path / "no", tmp_path, slot=NOW, run_id="run")
    assert [len(variables) > len(credentials) for variables in seen] == [True, True]
    assert [variables.keys() & set(credentials) for variables in seen] == [set(), set()]
    # Its keys of sources a crawl has.
    assert seen[0]["VAST_API_KEY"] == "sesame-open"


def test_prefect_is_prepared_for_one_installation_after_the_other_and_leaves_the_environment_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "bogus")
    monkeypatch.setenv("PREFECT_API_KEY", "sesame-open")
    before = dict(os.environ)
    for name in ("a", "b"):
        server = {"PREFECT_API_URL": f"http://{name}.example/api", "PREFECT_API_AUTH_STRING": f"u:{name}"}
        with prefect_prepared(tmp_path / name, before, server) as wrong:
            settings = get_current_settings()
            assert wrong == ""
            assert (settings.home, settings.api.url) == (
                tmp_path / name / "prefect",
                server["PREFECT_API_URL"],
            )
            assert settings.api.auth_string is not None
            assert settings.api.auth_string.get_secret_value() == f"u:{name}"
            assert "127.0.0.1" in os.environ["NO_PROXY"]
            assert "PREFECT_API_AUTH_STRING" not in os.environ
            assert "PREFECT_API_KEY" not in os.environ
        assert dict(os.environ) == before


def test_the_server_inherits_no_credential() -> None:
    given = {"PATH": "/bin", "VAST_API_KEY": "k", "PGPASSWORD": "p", "AWS_SECRET_ACCESS_KEY": "s"}
    found = server_variables(HOME, 4200, "gpuledger:secret", given)
    assert not found.keys() & {"VAST_API_KEY", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY"}
    assert found["PREFECT_SERVER_API_HOST"] == "127.0.0.1"
    assert found["PREFECT_SERVER_API_AUTH_STRING"] == "gpuledger:secret"


def test_the_secret_is_private_from_its_first_moment_and_stays(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        secret = api_secret(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(secret_file(tmp_path).stat().st_mode) == 0o600
    assert api_secret(tmp_path) == secret
    assert len(secret) > 40
    assert api_secret(tmp_path / "other") != secret


@pytest.mark.parametrize("spoil", ["others can read it", "it is cut", "it is a link", "it is empty"])
def test_a_secret_that_others_may_know_is_replaced(tmp_path: Path, spoil: str) -> None:
    secret, path = api_secret(tmp_path), secret_file(tmp_path)
    if spoil == "others can read it":
        path.chmod(0o644)
    elif spoil == "it is a link":
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.write_text(secret[:12] if spoil == "it is cut" else "", encoding="ascii")
    again = api_secret(tmp_path)
    assert again != secret
    assert stat.S_IMODE(path.lstat().st_mode) == 0o600
