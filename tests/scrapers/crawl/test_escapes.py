"""What a hostile page can reach through the browser: nothing that is not public, and nothing unseen."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scrapers.browser import find_chromium
from tests.scrapers.crawl.escapes import SITES

CHROMIUM = find_chromium(os.environ.get("GPULEDGER_CHROMIUM"))
# What recent releases of Chromium refuse by themselves is switched off: an older one would not refuse it. The
# list stands in place of Playwright's, of which the crawl needs the last name.
_LAX = """#!/bin/sh
exec "{chromium}" "$@" --disable-features=PrivateNetworkAccessChecks,BlockInsecurePrivateNetworkRequests,\
LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets,LocalNetworkAccessChecksWebRTC,HttpsUpgrades \
--disable-web-security
"""
_ROOT = Path(__file__).resolve().parents[3]


def namespace() -> list[str]:
    """The command that gives another one a network and mounts of its own, empty where it is not allowed."""
    unshare = shutil.which("unshare")
    if unshare is None or shutil.which("ip") is None:
        return []
    command = [unshare, "--net", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    tried = subprocess.run([*command, "ip", "link", "set", "lo", "up"], capture_output=True, check=False)
    return [] if tried.returncode else command


NAMESPACE = namespace()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium"),
    pytest.mark.skipif(not NAMESPACE, reason="needs the right to make a network namespace (unshare --net)"),
]


@pytest.fixture(scope="module")
def attempt(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One crawl of all pages in a network of their own: what was received where, and each job's outcome."""
    folder = tmp_path_factory.mktemp("escapes")
    lax = folder / "chromium"
    lax.write_text(_LAX.format(chromium=CHROMIUM), encoding="utf-8")
    lax.chmod(0o755)
    ended = subprocess.run(
        [*NAMESPACE, sys.executable, "-m", "tests.scrapers.crawl.escapes", str(folder), str(lax)],
        cwd=_ROOT,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()[-2000:]
    said: dict[str, Any] = json.loads(ended.stdout)
    return said


def outcome(attempt: dict[str, Any], job: str) -> dict[str, Any]:
    of_job: dict[str, Any] = attempt["outcomes"][f"hostile.{job}"]
    return of_job


def test_nothing_but_the_sites_of_the_pages_receives_a_byte_or_a_connection(attempt: dict[str, Any]) -> None:
    sites = {f"{host}:{port}" for host in SITES.values() for port in (80, 443)}
    assert set(attempt["received"]) - sites == set()
    assert "GET /escapes.js HTTP/1.1" in attempt["received"][f"{SITES['escapes']}:80"]


def test_what_a_page_was_refused_and_its_popups_are_findings(attempt: dict[str, Any]) -> None:
    found = {(kind, subject) for kind, subject, _ in outcome(attempt, "escapes")["findings"]}
    for inside in ("10.0.0.1", "100.64.0.1", "127.0.0.1", "198.18.0.1", "192.0.0.8", "fd00::1"):
        assert ("blocked_request", inside) in found
    assert {("popup", "10.0.0.1"), ("popup", "100.64.0.1")} <= found
    assert outcome(attempt, "escapes")["errors"] == outcome(attempt, "blank")["errors"] == []
    assert outcome(attempt, "blank")["findings"][0][:2] == ["popup", "about:blank"]
    assert outcome(attempt, "quiet")["findings"] == []


@pytest.mark.parametrize(
    ("job", "error"),
    [
        ("redirected", "10.0.0.1 is not a public address"),
        ("redirected_by_name", "inside.example (10.0.0.1) is not a public address"),
        ("redirected_to_both", "both.example (10.0.0.1) is not a public address"),
        ("redirected_port", "port 8080 of 93.184.216.34 is not a port of the web"),
        ("refreshed", "100.64.0.1 is not a public address"),
        ("led", "10.0.0.1 is not a public address"),
        ("led_by_redirect", "10.0.0.1 is not a public address"),
        ("downloading", "the page started a download"),
        ("keyed", "is not the declared origin, and the request bears a credential"),
    ],
)
def test_a_page_that_leads_inside_by_itself_is_a_failure_that_says_so(
    attempt: dict[str, Any], job: str, error: str
) -> None:
    (said,) = outcome(attempt, job)["errors"]
    assert said.endswith(error)


def test_declared_headers_go_to_the_declared_origin_alone(attempt: dict[str, Any]) -> None:
    asked = attempt["received"]
    assert "GET /framed HTTP/1.1 with a key" in asked[f"{SITES['framed']}:80"]
    assert "GET /framing HTTP/1.1" in asked[f"{SITES['escapes']}:80"]
    assert not any("/stolen" in line for line in asked[f"{SITES['escapes']}:80"])


def test_a_page_that_ends_on_another_host_is_a_finding(attempt: dict[str, Any]) -> None:
    assert outcome(attempt, "moved")["ok"]
    assert ["redirected", SITES["escapes"]] in [
        finding[:2] for finding in outcome(attempt, "moved")["findings"]
    ]
