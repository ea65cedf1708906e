"""One installation, built once: a command and a deployment obey the data folder that is named, and no other.

Beside the folder that is named, `b`, there is always another one, `a`: it is ./data and GPULEDGER_HOME. Its
config.toml is either whole and different, or broken.
"""

from __future__ import annotations

import asyncio
import json
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from flows.cli import demo as demo_command
from flows.cli import flow_run
from flows.cli import replay as replay_command
from flows.cli.app import app
from flows.pipeline import demo
from flows.runtime.installation import Installation
from flows.runtime.run import RunRequest, RunSummary
from flows.runtime.settings import SettingsWrong
from flows.scheduling import compaction, deployment, serve, servers, worker_pool
from scrapers.declaration import DeclarationError
from tests.flows.history.test_importer import LIST, many
from tests.flows.homes import LAKE, Home, two_homes
from warehouse.data_folder import LEDGER_FILE, WAREHOUSE_FILE
from warehouse.storage import FileStorage

URL = "http://127.0.0.1:9/prices"
NOW = datetime(2026, 11, 20, 3, 17, tzinfo=UTC)
# How each command is run: the words after its name, the exit code, what it says of `b`. {tmp} is a folder.
# What has no --home has no folder to obey, and must not be stopped by another one.
COMMANDS: dict[tuple[str, ...], tuple[str, int, str]] = {
    ("nightly",): ("", 0, "nightly run"),
    ("market",): ("", 0, "market run"),
    ("demo",): ("", 0, "gpuledger sql --home"),
    ("replay",): ("--since 2026-09-01", 0, "replay run"),
    ("serve",): ("", 0, "22 2 * * * (UTC)"),
    ("report",): ("", 0, "other/site"),
    ("export",): ("{tmp}/parquet", 0, "offers"),
    ("sql",): ("\"SELECT count(DISTINCT slot) || ' nights' AS n FROM offers\"", 0, "2 nights"),
    ("publish",): ("", 0, "other/warehouse.duckdb"),
    ("verify",): ("", 2, "1 UNVERIFIED"),
    ("doctor",): ("--json", 1, "nightly 22 2 * * *"),
    ("providers",): ("--json", 0, "b_lab.prices"),
    ("providers", "check"): ("b_lab.prices --recorded {tmp}/nothing", 1, "b_lab.prices: failed"),
    ("providers", "new"): ("acme_gpus --into {tmp}/own", 0, "acme_gpus"),
    ("alerts", "test"): ("", 1, "names no address"),
    ("alerts", "check"): ("", 0, "b_lab"),
    ("captures", "add"): (
        f"--source b_lab.prices --url {URL} --at 2026-11-20 {{tmp}}/body.json",
        0,
        "other/cap",
    ),
    ("history", "load"): ("", 0, "observations added"),
    ("history", "import"): ("{tmp}/list.csv --mapping {tmp}/a_list.toml", 0, "5 rows of 1 snapshots added"),
    ("history", "verify"): ("", 2, "no history is imported"),
    ("history", "list"): ("", 0, "aws"),
    ("ledger", "backup"): ("", 0, "other/backups"),
    ("ledger", "restore"): ("{tmp}/copy.duckdb", 0, "restored"),
    ("ledger", "new"): ("", 2, "other/ledger.duckdb holds 2 scrapes"),
    ("ledger", "compact"): ("", 0, "rows: "),
    ("ledger", "copy"): ("{tmp}/copied", 2, "copy a data folder into a lake"),
    ("ledger", "void"): ("run-0-3-p --reason wrong", 0, "1 scrapes no longer count"),
}
WITHOUT_HOME = {("history", "list")}


def commands(group: Any, name: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command of the tree that does something, groups that only hold others left out."""
    for word, command in group.commands.items():
        if not hasattr(command, "commands"):
            yield (*name, word)
            continue
        if command.invoke_without_command:
            yield (*name, word)
        yield from commands(command, (*name, word))


class Seen:
    """What was built and what was asked for while a test ran."""

    def __init__(self) -> None:
        self.built: list[Installation] = []
        self.requests: list[RunRequest] = []
        self.served: list[Installation] = []


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Installations as they are built; runs go no further than what is asked of them."""
    found = Seen()
    read = Installation.read.__func__  # type: ignore[attr-defined]

    def reading(cls: type[Installation], *asked: Any) -> Installation:
        found.built.append(read(cls, *asked))
        return found.built[-1]

    async def asked_for(request: RunRequest, *_: Any, **__: Any) -> RunSummary:
        found.requests.append(request)
        return RunSummary("run", request.flow, request.origin, NOW)

    @contextmanager
    def server(installation: Installation, port: int) -> Iterator[None]:
        found.served.append(installation)
        yield

    monkeypatch.setattr(Installation, "read", classmethod(reading))
    for module in (flow_run, demo_command, replay_command):
        monkeypatch.setattr(module, "prefect_api", lambda *_: nullcontext(False))
        monkeypatch.setattr(module, "perform", lambda _, request, *__: asyncio.run(asked_for(request)))
    monkeypatch.setattr(demo, "recorded_web", lambda home, _: home)
    monkeypatch.setattr(deployment, "run", asked_for)
    monkeypatch.setattr(servers, "prefect_server", server)
    monkeypatch.setattr(serve, "serve", lambda installation, *_: found.served.append(installation))
    return found


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Home, Home]:
    """`a`, which is ./data and GPULEDGER_HOME, and `b`."""
    a, b = two_homes(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GPULEDGER_HOME", str(a.folder))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    for name in ("ALERT_URLS", "PROVIDERS", "ONLY", "CHROMIUM", "WAREHOUSE"):
        monkeypatch.delenv(f"GPULEDGER_{name}", raising=False)
    return a, b


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A folder with two nights and no config.toml, to be copied."""
    home = Home("b", tmp_path_factory.mktemp("published"), 22)
    home.publish()
    return home


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """What commands are given beside the data folder."""
    folder = tmp_path / "files"
    (folder / "nothing").mkdir(parents=True)
    (folder / "body.json").write_text('{"offers": []}', encoding="utf-8")
    (folder / "a_list.toml").write_bytes(LIST)
    many(folder / "list.csv", days=1)
    return folder


def test_every_command_is_run_below() -> None:
    assert set(commands(typer.main.get_command(app))) == set(COMMANDS)


@pytest.mark.parametrize("state", ["different", "broken"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_obeys_the_data_folder_that_is_named(
    command: tuple[str, ...], state: str, homes: tuple[Home, Home], published: Home, files: Path, seen: Seen
) -> None:
    a, b = homes
    a.config(more=LAKE.format(name="a"))
    if state == "broken":
        (a.folder / "config.toml").write_text("only = 3\n[broken", encoding="utf-8")
    shutil.copytree(published.folder, b.folder, dirs_exist_ok=True)
    shutil.copyfile(b.folder / WAREHOUSE_FILE, files / "copy.duckdb")
    before = a.content()
    arguments, code, said = COMMANDS[command]
    named = [] if command in WITHOUT_HOME else ["--home", str(b.folder)]
    ran = CliRunner().invoke(app, [*command, *named, *shlex.split(arguments.format(tmp=files))])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    assert ran.exit_code == code, ran.output
    assert said in ran.output
    assert a.content() == before
    assert str(a.folder) not in ran.output
    assert "a_lab" not in ran.output
    # Built once, of the folder that is named.
    assert [installation.home for installation in seen.built] == ([b.folder] if named else [])
    for installation in seen.built + seen.served:
        assert installation.settings.site_url == "https://b.example/"
    for request in seen.requests:
        _asks_of(request, b)


def _asks_of(request: RunRequest, home: Home) -> None:
    """The run is one of that data folder in all that its config.toml says."""
    assert request.home == home.folder
    assert request.storage == FileStorage(home.folder)
    assert request.site_url == f"https://{home.name}.example/"
    if request.flow in {"nightly", "market"} and request.origin != "simulated":
        assert request.chromium == f"/opt/{home.name}/chromium"
        assert request.schedule.startswith(f"{home.minute} ")
        assert [rule.provider for rule in request.alerts.rules] == [f"{home.name}_lab"]
    if request.origin != "simulated":
        hourly = {f"{home.name}_lab.market"}
        wanted = hourly if request.flow == "market" else home.sources
        assert wanted <= {source.id for source in request.sources}
    other = "b_lab" if home.name == "a" else "a_lab"
    assert other not in {source.provider for source in request.sources}
    assert other not in request.installation.registry.providers


@pytest.mark.parametrize("before", [True, False])
def test_a_check_of_a_provider_takes_the_folder_before_its_name_or_behind_it(
    homes: tuple[Home, Home], files: Path, seen: Seen, before: bool
) -> None:
    _, b = homes
    named = ["--home", str(b.folder)]
    words = ["providers", *named, "check"] if before else ["providers", "check", *named]
    ran = CliRunner().invoke(app, [*words, "b_lab.prices", "--recorded", str(files / "nothing")])
    assert "b_lab.prices: failed" in ran.output
    assert [installation.home for installation in seen.built] == [b.folder]


def test_the_variables_hold_for_the_folder_that_is_named(
    homes: tuple[Home, Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = homes
    monkeypatch.setenv("GPULEDGER_SITE_URL", "https://typed.example/")
    monkeypatch.setenv("GPULEDGER_ALERT_URLS", "json://one json://two")
    for home in (a, b):
        installation = Installation.of_process(home.folder)
        assert installation.settings.site_url == "https://typed.example/"
        assert installation.settings.only == [f"{home.name}_lab"]
        assert installation.alert_route.addresses == ("json://one", "json://two")
    assert Installation.of_process().home == a.folder
    monkeypatch.delenv("GPULEDGER_HOME")
    assert Installation.of_process().home == a.folder
    monkeypatch.setenv("GPULEDGER_HOME", str(b.folder))
    assert Installation.of_process().settings.only == ["b_lab"]


def test_a_variable_lays_itself_over_a_table_and_an_empty_one_is_not_set(tmp_path: Path) -> None:
    text = 'site_url = "https://b.example/"\n[schedule]\nnightly = "1 2 * * *"\nmarket = "3 * * * *"\n'
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    given = {"GPULEDGER_SCHEDULE__NIGHTLY": "", "gpuledger_site_url": "", "GPULEDGER_ENABLE": '["verda"]'}
    settings = Installation.read(tmp_path, given).settings
    assert (settings.schedule.nightly, settings.schedule.market) == ("", "3 * * * *")
    assert (settings.site_url, settings.enable) == ("https://b.example/", ["verda"])


def test_two_installations_of_one_process_have_providers_storage_and_keys_of_their_own(
    homes: tuple[Home, Home], tmp_path: Path
) -> None:
    a, b = homes
    a.config(more=LAKE.format(name="a"))
    first = Installation.read(a.folder, {"VAST_API_KEY": "key of a"})
    second = Installation.read(b.folder, {"VAST_API_KEY": "key of b"})
    assert first.registry.source("a_lab.prices").provider == "a_lab"
    assert second.registry.source("b_lab.prices").provider == "b_lab"
    for installation, name in ((first, "b_lab.prices"), (second, "a_lab.prices")):
        with pytest.raises(DeclarationError):
            installation.registry.source(name)
    assert "127.0.0.1" in str(first.storage)
    assert second.storage == FileStorage(b.folder)
    assert (first.keys, second.keys) == ({"key of a"}, {"key of b"})
    assert "key of" not in repr(first) + repr(first.alert_route)


@pytest.mark.parametrize("flow", ["nightly", "market"])
@pytest.mark.parametrize("entry", ["serve", "pool"])
def test_a_deployment_runs_the_folder_that_it_is_given(
    homes: tuple[Home, Home], seen: Seen, flow: str, entry: str
) -> None:
    a, b = homes
    for home in (b, a, b):
        seen.requests.clear()
        started = {"nightly": deployment.nightly, "market": deployment.market}[flow].fn
        where = str(home.folder)
        ended = asyncio.run(started(where) if entry == "serve" else deployment.scheduled.fn(flow, where))
        assert ended.is_completed(), ended.message
        (request,) = seen.requests
        assert request.flow == flow
        _asks_of(request, home)
    assert [installation.home for installation in seen.built] == [b.folder, a.folder, b.folder]


def test_a_deployment_is_not_stopped_by_another_folder(homes: tuple[Home, Home], seen: Seen) -> None:
    a, b = homes
    (a.folder / "config.toml").write_text("[broken", encoding="utf-8")
    assert asyncio.run(deployment.nightly.fn(str(b.folder))).is_completed()
    _asks_of(seen.requests[0], b)
    refused = asyncio.run(deployment.nightly.fn())
    assert refused.is_failed()
    assert refused.message.startswith(f"{a.folder}/config.toml")


def test_a_shared_run_and_a_compaction_work_in_the_folder_that_they_are_given(
    homes: tuple[Home, Home], seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = homes
    a.config(more=LAKE.format(name="a"))
    b.publish()
    before, shares = a.content(), []

    async def asked_for(request: RunRequest, *_: Any) -> None:
        seen.requests.append(request)

    async def await_shares(flow: str, home: str | None, limits: dict[str, float]) -> dict[str, str]:
        shares.append((home, sorted(limits)))
        return dict.fromkeys(limits, "")

    monkeypatch.setattr(worker_pool, "await_shares", await_shares)
    monkeypatch.setattr(worker_pool, "finish", asked_for)
    asyncio.run(worker_pool.shared.fn("nightly", str(b.folder)))
    assert shares == [(str(b.folder), ["b_lab"])]
    _asks_of(seen.requests[0], b)
    listed = CliRunner().invoke(app, ["providers", "--home", str(b.folder), "--json"])
    assert {row["provider"] for row in json.loads(listed.output)} >= {"b_lab", "aws"}
    ended = compaction.compact.fn(str(b.folder))
    assert ended.is_completed(), ended.message
    assert (b.folder / LEDGER_FILE).exists()
    assert a.content() == before
    assert {installation.home for installation in seen.built} == {b.folder}


def test_the_site_that_serve_shows_is_where_alerts_lead_unless_the_settings_name_another(
    homes: tuple[Home, Home], seen: Seen
) -> None:
    _, b = homes
    shown = "http://127.0.0.1:8080/"
    asyncio.run(deployment.nightly.fn(str(b.folder), site_url=shown))
    text = (b.folder / "config.toml").read_text(encoding="utf-8")
    (b.folder / "config.toml").write_text(
        text.replace('site_url = "https://b.example/"', ""), encoding="utf-8"
    )
    asyncio.run(deployment.nightly.fn(str(b.folder), site_url=shown))
    asyncio.run(deployment.nightly.fn(str(b.folder)))
    assert [request.site_url for request in seen.requests] == ["https://b.example/", shown, ""]


@pytest.mark.parametrize(("value", "what"), [("none", "does not exist"), ("file", "is not a folder")])
def test_a_folder_of_providers_that_is_not_there_is_refused_with_what_to_do(
    tmp_path: Path, value: str, what: str
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsWrong, match=f"{what}; name a folder, or remove the setting"):
        Installation.read(tmp_path, {"GPULEDGER_PROVIDERS": str(tmp_path / value)})
