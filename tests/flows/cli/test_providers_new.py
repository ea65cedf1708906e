"""`gpuledger providers new` writes into the folder of providers that is named, or says what to type."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flows.cli.app import app
from scrapers import skeleton


def new(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["providers", "new", *map(str, arguments)])


def test_the_files_are_written_and_named(tmp_path: Path) -> None:
    result = new("acme_gpus", "--into", tmp_path / "own", "--home", tmp_path)
    assert result.exit_code == 0, result.output
    written = {Path(line) for line in result.stdout.splitlines()}
    assert written == {path for path in (tmp_path / "own").rglob("*") if path.is_file()}
    assert tmp_path / "own" / "acme_gpus" / "provider.toml" in written


def test_an_installation_without_a_clone_writes_into_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skeleton, "clone", lambda: None)
    refused = new("acme_gpus", "--home", tmp_path)
    assert refused.exit_code == 2
    assert "set `providers` in config.toml, or give --into FOLDER" in refused.stderr
    own = tmp_path / "own"
    own.mkdir()
    (tmp_path / "config.toml").write_text(f'providers = "{own}"\n', encoding="utf-8")
    assert new("acme_gpus", "--format", "json_api", "--home", tmp_path).exit_code == 0
    assert (own / "acme_gpus" / "page.py").is_file()
    taken = new("acme_gpus", "--home", tmp_path)
    assert taken.exit_code != 0
    assert "there is a provider 'acme_gpus' already" in f"{taken.output}{taken.exception}"


def test_a_format_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    refused = new("acme_gpus", "--format", "pdf", "--into", tmp_path)
    assert refused.exit_code == 2
    assert "there is no format 'pdf': choose one of html_table, json_api" in refused.stderr
    assert list(tmp_path.iterdir()) == []
