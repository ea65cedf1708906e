"""What the documents tell people to type or to install is what there is."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import typer.main
import yaml

from flows.cli.app import app
from flows.runtime.settings import Schedule, Settings

ROOT = Path(__file__).resolve().parents[1]
OPERATION = (ROOT / "docs" / "operation.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    """The one fenced block of a kind in docs/operation.md."""
    (found,) = re.findall(rf"```{kind}\n(.*?)```", OPERATION, re.DOTALL)
    return str(found)


def commands() -> list[str]:
    """Every `gpuledger ...` that the documents name, without what follows a pipe, redirection or comment."""
    found = []
    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        text = document.read_text(encoding="utf-8")
        found += re.findall(r"(?:^\$ |`|bin/)(gpuledger [a-z][^`\n]*)", text, re.MULTILINE)
    return sorted({re.split(r"\s+(?:#|\||>>)", command)[0].strip() for command in found})


@pytest.mark.parametrize("command", commands())
def test_every_command_of_the_documents_exists_with_its_options(command: str) -> None:
    group = typer.main.get_command(app)
    words = command.replace("`", "").split()[1:]
    while words and getattr(group, "commands", None):
        name = words.pop(0)
        if name not in group.commands:
            break
        group = group.commands[name]
    known = {option for parameter in group.params for option in parameter.opts}
    used = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert group.name != "gpuledger", f"there is no {command}"
    assert used <= known | {"--help"}


def test_the_config_of_the_documents_is_one_that_is_understood() -> None:
    declared = tomllib.loads(block("toml"))
    settings = Settings(**declared)
    assert settings.schedule == Schedule()
    assert {rule.on for rule in settings.alerts} == {
        "price",
        "drop",
        "free_tier",
        "source_failed",
        "incident",
        "run_failed",
    }


def test_the_systemd_unit_starts_serve_and_can_write_its_folder(tmp_path: Path) -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(block("ini"))
    service = unit["Service"]
    assert service["ExecStart"].split()[1:] == ["serve", "--site"]
    assert service["Environment"] == f"GPULEDGER_HOME=/var/lib/{service['StateDirectory']}"
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not on this machine; the rest of the unit was checked")
    file = tmp_path / "gpuledger.service"
    # The programme of the document is not installed here; any other one stands in for it.
    file.write_text(block("ini").replace("/opt/gpuledger/.venv/bin/gpuledger", "/bin/true"), encoding="utf-8")
    checked = subprocess.run([analyze, "verify", file], capture_output=True, text=True, check=False)
    assert not [line for line in checked.stderr.splitlines() if "gpuledger.service" in line]


def test_the_crontab_and_the_work_pool_keep_the_default_schedules() -> None:
    lines = block("crontab").splitlines()
    command = re.compile(r"bin/gpuledger (?:ledger )?(\w+)")
    crons = {command.search(line)[1]: " ".join(line.split()[:5]) for line in lines}  # type: ignore[index]
    assert crons == Schedule().model_dump()
    pool = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    scheduled = {one["name"].removesuffix("-in-pool"): one.get("schedules") for one in pool}
    assert {name: found[0]["cron"] for name, found in scheduled.items() if found} == crons
    assert {one["entrypoint"].rpartition(".")[0] for one in pool} == {
        "flows.scheduling.deployment",
        "flows.scheduling.worker_pool",
        "flows.scheduling.compaction",
    }


def shown_by() -> list[str]:
    """Every test that the documents name as the proof of a claim."""
    found: set[str] = set()
    for document in (ROOT / "docs").glob("*.md"):
        found |= set(re.findall(r"tests/[\w/]+\.py::\w+", document.read_text(encoding="utf-8")))
    return sorted(found)


@pytest.mark.parametrize("test", shown_by())
def test_what_the_documents_claim_is_shown_by_a_test_that_exists(test: str) -> None:
    path, _, name = test.partition("::")
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_every_line_of_the_threat_model_names_its_test() -> None:
    lines = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8").splitlines()
    claims = [line for line in lines if line.startswith("| ") and not line.startswith("| may |")]
    assert len(claims) > 20
    assert [line for line in claims if "tests/" not in line] == []


def named_paths() -> list[str]:
    """Every path of the clone that ARCHITECTURE.md names, `<id>` and the like as it stands."""
    named = re.findall(r"`([\w.<>-]+/[\w./<>*-]*)`", ARCHITECTURE) + re.findall(
        r"\]\(([^):]+)\)", ARCHITECTURE
    )
    return sorted({path for path in named if not path.startswith("raw/")})


@pytest.mark.parametrize("path", named_paths())
def test_every_path_that_the_architecture_names_exists(path: str) -> None:
    assert list(ROOT.glob(re.sub(r"<\w+>", "*", path)))


def test_the_architecture_names_every_package() -> None:
    rooms = ("scrapers", "expectations", "warehouse", "reports", "flows")
    packages = [file.parent for room in rooms for file in (ROOT / room).glob("*/__init__.py")]
    assert len(packages) > 15
    assert [
        name for path in packages if (name := f"{path.parent.name}/{path.name}/") not in ARCHITECTURE
    ] == []
