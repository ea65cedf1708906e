"""The bound on the browser's memory: a page that allocates without end costs itself alone."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from scrapers.archive.writer import read_archive
from scrapers.browser import find_chromium
from scrapers.crawl.client import FetchPlan, Job, fetch
from scrapers.crawl.memory import Process, descendants, excessive
from tests.loopback import Declared, declare_provider, serving

CHROMIUM = find_chromium(os.environ.get("GPULEDGER_CHROMIUM"))
SLOT = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
_SHOWN = "<p class=price>1</p>"
_PAGES: Final = {
    "/buffers": "const a = []; while (true) a.push(new Uint8Array(1e8).fill(1));",
    "/strings": "const a = []; while (true) a.push('x'.repeat(1e6) + a.length, Array(1e5).fill(a.length));",
    "/document": "setInterval(() => document.body.append(...Array.from({length: 2e4}, () => {"
    " const row = document.createElement('p'); row.textContent = 'x'.repeat(1000); return row; })), 1);",
    "/requests": "for (let i = 0; i < 3000; i++) fetch('/nothing?' + i).catch(() => {});",
    "/popups": "setInterval(() => window.open('about:blank'), 1);",
    "/long": "document.body.append('x'.repeat(140 << 20)); document.body.insertAdjacentHTML('beforeend', "
    f"'{_SHOWN}')",
    "/slow": f"setTimeout(() => {{ document.body.innerHTML = '{_SHOWN}' }}, 6000)",
    "/honest": f"setTimeout(() => {{ document.body.innerHTML = '{_SHOWN}' }}, 500)",
}


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        script = _PAGES.get(self.path)
        body = f"<body><script>{script}</script></body>".encode() if script else b""
        self.send_response(200 if script else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def test_the_processes_below_this_one_are_seen_with_their_memory() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        found = {process.pid: process for process in descendants(os.getpid())}
        assert found[child.pid].resident > 0
        assert not found[child.pid].is_renderer
        child.communicate(b"\n")


def test_a_renderer_that_is_too_large_is_ended_and_else_the_largest_of_too_large_a_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Process, "is_renderer", property(lambda process: process.pid >= 10))
    browser, small, large = Process(1, 500, 390), Process(10, 50, 40), Process(11, 101, 90)
    assert excessive([browser, small, large], 100, 10_000) == [large]
    assert excessive([browser, small], 100, 430) == []
    assert excessive([browser, small], 100, 429) == [browser]


def errors_of(folder: Path, *pages: str) -> dict[str, str]:
    """What one crawl over these pages says of each."""
    # Each page is a host of its own, so that they need not wait for each other.
    with ThreadingHTTPServer(("0.0.0.0", 0), _Pages) as server, serving(server):  # noqa: S104
        sources = {
            page: Declared(
                "rendered_page",
                [f'url = "http://127.0.0.{place}:{server.server_port}/{page}"\nwait_for = ".price"'],
                timeout_seconds=120,
            )
            for place, page in enumerate(pages, 1)
        }
        plan = FetchPlan(
            folder,
            "growing0",
            tuple(Job(f"growing.{page}", SLOT) for page in pages),
            allow_loopback=True,
            chromium=CHROMIUM,
            providers=declare_provider(folder / "providers", "growing", sources, ""),
            request_timeout=90,
        )
        paths = asyncio.run(fetch(plan, lambda job, path: None))
    archives = {job.source.partition(".")[2]: read_archive(path, folder) for job, path in paths.items()}
    return {page: " ".join(archive.outcome.errors) for page, archive in archives.items()}


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium")
def test_a_page_that_grows_without_end_fails_with_a_sentence_and_no_other_page_does(tmp_path: Path) -> None:
    said = errors_of(tmp_path, "buffers", "popups", "honest")
    assert said["buffers"].endswith("the page crashed, or took more than 1024 MiB of memory")
    assert said["popups"].endswith("the page opened more than 20 popups")
    assert said["honest"] == ""


@pytest.mark.soak
@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium")
def test_every_way_of_a_page_to_grow_without_end_has_one(tmp_path: Path) -> None:
    said = errors_of(tmp_path, "strings", "document", "requests", "long", "honest")
    for grown in ("strings", "document"):
        assert said[grown].endswith("the page crashed, or took more than 1024 MiB of memory")
    assert said["requests"].endswith("the page made more than 1000 requests")
    assert said["long"].endswith(("the answer is larger than 128 MiB", "1024 MiB of memory"))
    assert said["honest"] == ""


def kill_the_browser(killed: list[int]) -> None:
    """Wait for a browser below this process, give its pages the time to be asked, and kill it."""
    for _ in range(600):
        time.sleep(0.1)
        for process in descendants(os.getpid()):
            with suppress(OSError):
                command = Path(f"/proc/{process.pid}/cmdline").read_bytes()
                if b"--remote-debugging" in command and b"--type=" not in command:
                    time.sleep(5)
                    os.kill(process.pid, signal.SIGKILL)
                    killed.append(process.pid)
                    return


@pytest.mark.soak
@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium")
def test_the_end_of_the_whole_browser_costs_its_pages_another_try(tmp_path: Path) -> None:
    killed: list[int] = []
    killer = threading.Thread(target=kill_the_browser, args=(killed,))
    killer.start()
    said = errors_of(tmp_path, "slow", "honest")
    killer.join()
    assert len(killed) == 1
    assert said == {"slow": "", "honest": ""}
