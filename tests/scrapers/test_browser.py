from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scrapers import browser


def executable(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o755)
    return str(path)


@pytest.fixture(autouse=True)
def only_these(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH of one folder, no browser named, and none of Playwright's own."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv(browser.VARIABLE, raising=False)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "browsers"))
    return tmp_path


def test_the_browser_that_is_named_comes_first(only_these: Path) -> None:
    executable(only_these / "bin" / "chromium")
    named = executable(only_these / "opt" / "mine")
    assert browser.find_chromium(named) == named


def test_a_named_browser_that_is_not_there_is_not_replaced_by_another(only_these: Path) -> None:
    executable(only_these / "bin" / "chromium")
    assert browser.find_chromium(str(only_these / "opt" / "none")) is None


def test_a_browser_on_the_path_is_found_by_any_of_its_names(only_these: Path) -> None:
    found = executable(only_these / "bin" / "google-chrome")
    assert browser.find_chromium() == found
    assert browser.find_chromium() != executable(only_these / "bin" / "chromium")


def test_without_any_there_is_none(only_these: Path) -> None:
    assert browser.find_chromium() is None


def test_a_system_on_which_playwrights_driver_does_not_start_has_none(
    only_these: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = only_these / "node"
    node.write_text("#!/bin/sh\nexit 127\n")
    node.chmod(0o755)
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", str(node))
    assert browser.find_chromium() is None


def test_setting_up_without_a_browser_says_what_that_means(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(browser, "_installers", lambda: iter([[sys.executable, "-c", ""]]))
    browser.main()
    said = capsys.readouterr().out
    assert "sources that need a browser will be reported as failed" in said
    assert browser.VARIABLE in said


def test_nothing_is_installed_in_place_of_a_named_browser(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(browser.VARIABLE, "none")
    monkeypatch.setattr(browser, "_installers", lambda: pytest.fail("a browser was to be installed"))
    browser.main()
    assert "sources that need a browser will be reported as failed" in capsys.readouterr().out
