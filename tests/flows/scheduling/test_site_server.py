"""The site's own server: files of the site, to this machine's browser, and to nobody for ever."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from flows.scheduling.site_server import SitePortTaken, site_server

MOST, SECONDS, SILENCE = 3, 1.0, 0.4


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A site with a link out of it, a hidden file and a folder without a page."""
    folder = tmp_path_factory.mktemp("served")
    site = folder / "site"
    (site / "downloads").mkdir(parents=True)
    (site / ".git").mkdir()
    for name in ("index.html", "downloads/offers.csv", "downloads/offers.parquet", ".git/config", ".env"):
        (site / name).write_text("plain", encoding="utf-8")
    (folder / "secret.txt").write_text("secret", encoding="utf-8")
    (site / "link.txt").symlink_to(folder / "secret.txt")
    (site / "up").symlink_to(folder)
    with site_server(site, 0, most=MOST, seconds=SECONDS, silence=SILENCE) as address:
        yield int(address.rstrip("/").rpartition(":")[2])


def answered(port: int, request: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request.encode())
        found = b""
        while part := connection.recv(1 << 16):
            found += part
    return found


def status(port: int, path: str, method: str = "GET", host: str = "127.0.0.1:{port}", more: str = "") -> int:
    head = f"Host: {host.format(port=port)}\r\n" if host else ""
    return int(answered(port, f"{method} {path} HTTP/1.1\r\n{head}{more}\r\n").split()[1])


@pytest.mark.parametrize("path", ["/", "/index.html", "/downloads/offers.csv", "/index.html?x=1"])
def test_files_of_the_site_are_served(port: int, path: str) -> None:
    assert (
        status(port, path) == status(port, path, "HEAD") == status(port, path, host="localhost:{port}") == 200
    )


@pytest.mark.parametrize(
    "path",
    [
        "/link.txt",
        "/up/secret.txt",
        "/up/site/index.html/",
        "/downloads",
        "/downloads/",
        "/.git/config",
        "/.env",
        "/%2eenv",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/downloads/..%5c..%5csecret.txt",
        "//secret.txt",
        "/%00",
        "/%ff",
        "/nothing.html",
    ],
)
def test_nothing_else_is_served_and_no_folder_is_listed(port: int, path: str) -> None:
    answer = answered(port, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")
    assert answer.split()[1] == b"404"
    assert b"secret" not in answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("host", ["", "evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1"])
def test_another_hosts_name_is_refused(port: int, host: str) -> None:
    assert status(port, "/", host=host) == 421


def test_an_address_of_another_host_is_refused(port: int) -> None:
    assert status(port, "http://evil.example/") == 421
    assert status(port, f"http://127.0.0.1:{port}/") == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT"])
def test_only_reading_is_answered(port: int, method: str) -> None:
    assert status(port, "/", method) == 405


def test_heads_are_bounded(port: int) -> None:
    assert status(port, "/", more=f"X: {'x' * 70_000}\r\n") == 431
    assert status(port, "/" + "x" * 70_000) == 414


def test_types_and_headers_are_those_of_the_files(port: int) -> None:
    for name, kind in (("offers.csv", "text/csv"), ("offers.parquet", "application/vnd.apache.parquet")):
        with urlopen(f"http://127.0.0.1:{port}/downloads/{name}") as answer:
            assert answer.headers["Content-Type"].startswith(kind)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_slow_and_silent_clients_are_cut_off_and_make_room(
    port: int, capfd: pytest.CaptureFixture[str]
) -> None:
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(MOST)]
    time.sleep(0.15)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as refused:
        assert refused.recv(1) == b""
    time.sleep(SILENCE + 0.2)
    assert status(port, "/") == 200
    for connection in silent:
        connection.close()
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as slow, pytest.raises(OSError):
        while time.monotonic() < started + 10:
            slow.sendall(b"G")
            time.sleep(0.1)
    assert time.monotonic() - started < SECONDS + 2
    with socket.create_connection(("127.0.0.1", port)) as broken:
        broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        broken.sendall(b"GET / HT")
    time.sleep(0.1)
    assert capfd.readouterr().err == ""


def test_a_port_in_use_is_said_in_a_sentence(port: int, tmp_path: Path) -> None:
    with (
        pytest.raises(SitePortTaken, match=f"on port {port}: Address already in use"),
        site_server(tmp_path, port),
    ):
        pass
