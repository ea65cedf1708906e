"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CAPTURES = Path(__file__).resolve().parents[2] / "shared" / "captures"
Gpuledger = Callable[..., subprocess.CompletedProcess[str]]
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge")


@pytest.fixture(scope="session")
def captures_dir() -> Path:
    """Real responses kept beside the project; they are not ours to publish, so they may be absent."""
    if not CAPTURES.is_dir():
        pytest.skip("real captures (../shared/captures) are not on this machine")
    return CAPTURES


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser on PATH."""
    found = os.environ.get("GPULEDGER_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        pytest.skip("no Chromium on this machine")
    return found


@pytest.fixture(scope="session")
def gpuledger() -> Gpuledger:
    """Runs the command as a user would, its output kept."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from flows.cli import app; app()", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory, chromium: str, gpuledger: Gpuledger) -> Path:
    """The whole demo, run once for all tests that look at its results."""
    home = tmp_path_factory.mktemp("demo") / "demo"
    ran = gpuledger("demo", "--home", home)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return home


@pytest.fixture(scope="session")
def demo_site(demo_home: Path) -> Path:
    """The demo's site."""
    return demo_home / "site"
