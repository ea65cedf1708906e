"""Whatever is replaced on disk is the old one or the new one, complete, whenever the writer ends or fails."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from flows.alerts.run_failures import STATE_FILE, run_succeeded
from flows.operations import export
from flows.operations.output_file import written_aside
from flows.pipeline import demo
from flows.runtime.installation import Installation
from flows.runtime.interruption import Work
from flows.scheduling.prefect_secret import api_secret, secret_file
from reports import build
from scrapers.archive.writer import ArchiveWriter, read_archive
from tests.scrapers.archive.test_writer import OUTCOME, PAGE
from tests.warehouse.test_ledger import SLOT, record
from warehouse.atomic import put_folder, replacing, scratch
from warehouse.data_folder import LEDGER_FILE, WAREHOUSE_FILE, scrapes_in
from warehouse.ledger import Ledger
from warehouse.ledger_file import publish_copy
from warehouse.maintenance import backup
from warehouse.storage import FileStorage

State = Literal["old", "new"]
KILLED = 9
STEPS = ("fsync", "replace", "rename", "chmod", "fchmod", "unlink", "link")
"""The functions of `os` before each of which a writer ends."""
WRITES = tuple(name for name in STEPS if name != "unlink")
"""Those that a failing disk refuses; what it does not let go is removed by the next command."""
NAMES = ("a.txt", "inner/b.txt")


@dataclass(frozen=True)
class User:
    """Who writes: what there is before, how it is replaced, and which of the two is there."""

    prepare: Callable[[Path], object]
    replace: Callable[[Path], object]
    state: Callable[[Path], State]


def fill(folder: Path, text: str) -> None:
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text * 1000, encoding="utf-8")


def of_files(folder: Path) -> set[State]:
    """Which states the files of a folder are in; a file that is cut fails here."""
    states: dict[str, State] = {"old" * 1000: "old", "new" * 1000: "new"}
    return {states[(folder / name).read_text(encoding="utf-8")] for name in NAMES}


def of_folder(folder: Path) -> State:
    (state,) = of_files(folder)
    return state


def write_answer(home: Path) -> None:
    with written_aside(home / "answer.csv", Work(lambda _: None)) as file:
        file.write(b"new" * 1000)


def answer_state(home: Path) -> State:
    assert (home / "answer.csv").stat().st_mode & 0o777 == 0o640
    content = (home / "answer.csv").read_text(encoding="utf-8")
    assert content in {"old", "new" * 1000}
    return "old" if content == "old" else "new"


def prepare_answer(home: Path) -> None:
    (home / "answer.csv").write_text("old", encoding="utf-8")
    (home / "answer.csv").chmod(0o640)


def prepare_secret(home: Path) -> None:
    secret_file(home).parent.mkdir(parents=True)
    # One that others could read is replaced.
    secret_file(home).write_text("old", encoding="ascii")
    secret_file(home).chmod(0o644)


def secret_state(home: Path) -> State:
    content = secret_file(home).read_text(encoding="ascii")
    if content == "old":
        return "old"
    assert content.startswith("gpuledger:")
    assert content.endswith("\n")
    assert secret_file(home).stat().st_mode & 0o777 == 0o600
    return "new"


def prepare_alerts(home: Path) -> None:
    (home / STATE_FILE).write_text(json.dumps({"run_failed": {"nightly": {"OSError": "T"}}}).ljust(4096))


def alerts_state(home: Path) -> State:
    state = json.loads((home / STATE_FILE).read_text(encoding="utf-8"))["run_failed"]
    assert state in ({}, {"nightly": {"OSError": "T"}})
    return "old" if state else "new"


def seal_archive(home: Path) -> None:
    writer = ArchiveWriter(home / "raw" / "2026-11-20" / "a.warc.gz", source="acme.prices", slot=SLOT)
    writer.write(PAGE)
    writer.seal(OUTCOME)


def archive_state(home: Path) -> State:
    path = home / "raw" / "2026-11-20" / "a.warc.gz"
    if not path.exists():
        return "old"
    assert read_archive(path, home).outcome == OUTCOME
    return "new"


def write_folder(home: Path) -> None:
    with scratch(home, "folder") as aside:
        fill(aside / "fresh", "new")
        put_folder(aside / "fresh", home / "folder")


def site_state(home: Path) -> State:
    # The site is replaced file by file.
    return "old" if "old" in of_files(home / "site") else "new"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose ledger has one scrape more than its published copy."""
    home = tmp_path_factory.mktemp("filled") / "home"
    storage = FileStorage(home)
    with Ledger(storage) as ledger:
        ledger.append(record())
    storage.publish()
    with Ledger(storage) as ledger:
        ledger.append(record("run-2", slot=SLOT + timedelta(days=1)))
    return home


@pytest.fixture
def users(filled: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, User]:
    """Everything that replaces something on disk, by name; what it writes is made small."""
    monkeypatch.setattr(demo, "simulation_version", lambda: "new")
    monkeypatch.setattr(demo, "record_web", lambda folder, nights, on_night: fill(folder, "new"))
    monkeypatch.setattr(build, "_render", lambda storage, fresh, as_of, cache: fill(fresh, "new") or [])
    monkeypatch.setattr(export, "_tables", lambda storage, folder, work: fill(folder, "new") or [])
    tables = [SimpleNamespace(name=Path(name).parts[0]) for name in NAMES]
    monkeypatch.setattr(export, "TABLES", tables)

    def copied(home: Path) -> None:
        shutil.copytree(filled, home, dirs_exist_ok=True)

    def published(home: Path) -> State:
        return "new" if {1: 1, 2: 2}[scrapes_in(home / WAREHOUSE_FILE) or 0] == 2 else "old"

    def backed_up(home: Path) -> State:
        copies = list((home / "backups").glob("ledger-*.duckdb"))
        assert [scrapes_in(copy) for copy in copies] in ([], [2])
        return "new" if copies else "old"

    def exported(home: Path) -> None:
        (home / WAREHOUSE_FILE).touch()
        fill(home / "export", "old")

    return {
        "answer": User(prepare_answer, write_answer, answer_state),
        "secret": User(prepare_secret, api_secret, secret_state),
        "alerts": User(prepare_alerts, lambda home: run_succeeded(home, "nightly"), alerts_state),
        "archive": User(lambda home: None, seal_archive, archive_state),
        "recorded web": User(
            lambda home: fill(home / "recorded-web", "old"),
            lambda home: demo.recorded_web(home, lambda night: None),
            lambda home: of_folder(home / "recorded-web"),
        ),
        "site": User(
            lambda home: fill(home / "site", "old"),
            lambda home: build.build(FileStorage(home), home / "site", as_of=SLOT),
            site_state,
        ),
        "export": User(
            exported,
            lambda home: export.export(Installation(home), home / "export"),
            lambda home: of_folder(home / "export"),
        ),
        "new folder": User(
            lambda home: None,
            write_folder,
            lambda home: of_folder(home / "folder") if (home / "folder").exists() else "old",
        ),
        "published copy": User(copied, publish_copy, published),
        "backup": User(copied, lambda home: backup(home, datetime(2026, 11, 25, tzinfo=UTC)), backed_up),
    }


USERS = (
    "answer",
    "secret",
    "alerts",
    "archive",
    "recorded web",
    "site",
    "export",
    "new folder",
    "published copy",
    "backup",
)


@contextmanager
def ending_before(
    step: int, end: Callable[[], object], steps: tuple[str, ...] = STEPS
) -> Iterator[Callable[[], bool]]:
    """Call `end` before the step of this number; gives a function that says whether it was reached."""
    taken = 0

    def before(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            nonlocal taken
            taken += 1
            if taken == step + 1:
                end()
            return function(*arguments, **named)

        return called

    with pytest.MonkeyPatch.context() as patched:
        for name in steps:
            patched.setattr(os, name, before(getattr(os, name)))
        yield lambda: taken > step


def refused() -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.parametrize("name", USERS)
def test_a_writer_that_is_killed_between_any_two_steps(
    name: str, users: dict[str, User], tmp_path: Path
) -> None:
    user, step, states = users[name], 0, []
    while True:
        home = tmp_path / f"home-{step}"
        home.mkdir()
        user.prepare(home)
        if not (child := os.fork()):
            try:
                with ending_before(step, lambda: os._exit(KILLED)):
                    user.replace(home)
            finally:
                os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED
        states.append(user.state(home))
        if not killed:
            break
        step += 1
    assert step >= 3, "a file and its folder are synced, and one is renamed"
    assert states[0] == "old"
    assert states[-1] == "new"
    assert states == sorted(states, reverse=True), "once the new one is there it stays"


@pytest.mark.parametrize("name", USERS)
def test_a_writer_whose_disk_fails_between_any_two_steps(
    name: str, users: dict[str, User], tmp_path: Path
) -> None:
    user, step, states = users[name], 0, []
    while True:
        home = tmp_path / f"home-{step}"
        home.mkdir()
        user.prepare(home)
        with ending_before(step, refused, WRITES) as reached:
            try:
                user.replace(home)
            except OSError as problem:
                assert problem.errno == errno.EIO
        states.append(user.state(home))
        assert not list(home.rglob(".*")), "nothing is left beside it"
        if not reached():
            break
        step += 1
    assert step >= 3
    assert states[-1] == "new"


def test_a_file_is_private_before_anything_is_in_it(tmp_path: Path) -> None:
    with replacing(tmp_path / "secret", 0o600) as file:
        assert Path(file.name).stat().st_mode & 0o777 == 0o600
        assert Path(file.name).parent == tmp_path
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_a_block_that_raises_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old", encoding="utf-8")
    with pytest.raises(KeyError), replacing(tmp_path / "file") as file:
        file.write(b"half")
        raise KeyError("half")
    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [("file", "old")]


def test_the_published_copy_is_read_only(filled: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(filled, tmp_path / "home"))
    publish_copy(home)
    assert (home / LEDGER_FILE).stat().st_mode & 0o200
    assert not (home / WAREHOUSE_FILE).stat().st_mode & 0o333
