"""The Chromium that rendered pages need: found where it is, installed by `python -m scrapers.browser`."""

from __future__ import annotations

import os
import shutil
import subprocess  # nosec B404
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

VARIABLE: Final = "GPULEDGER_CHROMIUM"
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge")
_SECONDS_TO_INSTALL: Final = 600


def find_chromium(named: str | None = None) -> str | None:
    """The path of a Chromium: the one that is named, or else one on PATH or Playwright's own; None for none.

    Must not be called inside a running event loop, where Playwright cannot be asked.
    """
    if named:
        return shutil.which(named)
    on_path = next((path for path in map(shutil.which, _NAMES) if path), None)
    return on_path or _playwrights_own()


def _playwrights_own() -> str | None:
    if not _driver_starts():
        return None
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _driver_starts() -> bool:
    """Whether Playwright's driver runs: a bare system may lack libatomic, which its Node.js needs.

    Asked of a process, since Playwright itself raises nothing narrower than Exception then.
    """
    asked = subprocess.run(  # nosec B603
        [sys.executable, "-m", "playwright", "--version"], check=False, capture_output=True
    )
    return asked.returncode == 0


def _installers() -> Iterator[list[str]]:
    """Commands that may bring a Chromium, the ones that change least first."""
    yield [sys.executable, "-m", "playwright", "install", "chromium"]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        yield ["apt-get", "update", "-qq"]
        yield ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", "chromium"]


def _install(environment: Mapping[str, str]) -> str | None:
    for command in _installers():
        try:
            subprocess.run(  # noqa: S603 (the commands are the ones above)  # nosec B603
                command,
                check=False,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_SECONDS_TO_INSTALL,
                env={**environment, "DEBIAN_FRONTEND": "noninteractive"},
            )
        except subprocess.TimeoutExpired:
            continue
        found = find_chromium()
        if found:
            return found
    return None


def main() -> None:
    """Find a Chromium or install one, and say which; without one the other sources still work.

    Nothing is installed in place of one that is named and absent.
    """
    named = os.environ.get(VARIABLE)
    found = find_chromium(named) or (None if named else _install(os.environ))
    if found:
        sys.stdout.write(f"pages that need a browser are rendered by {found}\n")
    else:
        sys.stdout.write(
            "no Chromium was found or could be installed: sources that need a browser will be reported as "
            f"failed, all others work; install Chromium, or name one in {VARIABLE}\n"
        )


if __name__ == "__main__":
    main()
