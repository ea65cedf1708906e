"""The web server of the report: loopback only, read only, for its own address only.

A page of another site can send a browser here under a name of its own (DNS rebinding), so that only requests
for this address are answered. What lies outside the site is not served, whatever links lie in it.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from warehouse.errors import GpuledgerError

_ADDRESS: Final = "127.0.0.1"
_DEFAULT_PORT: Final = 80
_MOST_CONNECTIONS: Final = 32
_SECONDS_OF_A_CONNECTION: Final = 30.0
_SECONDS_OF_SILENCE: Final = 5.0
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_TYPES: Final = {
    "": "application/octet-stream",
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml",
}


class SitePortTaken(GpuledgerError):
    """The site cannot be served on a port; the message says why."""


@contextmanager
def site_server(
    site: Path,
    port: int,
    *,
    most: int = _MOST_CONNECTIONS,
    seconds: float = _SECONDS_OF_A_CONNECTION,
    silence: float = _SECONDS_OF_SILENCE,
) -> Iterator[str]:
    """The site on http://127.0.0.1:port/, port 0 for any free one; yields the address.

    At most `most` connections are answered at once, each for `seconds`; none waits longer than `silence`
    seconds for its client. Raises SitePortTaken.
    """
    try:
        server = _Server((_ADDRESS, port), partial(_Files, directory=str(site)), most, seconds, silence)
    except (OSError, OverflowError) as problem:
        why = getattr(problem, "strerror", None) or problem
        raise SitePortTaken(f"the site cannot be served on port {port}: {why}") from problem
    thread = threading.Thread(target=partial(server.serve_forever, 0.1), daemon=True)
    thread.start()
    try:
        yield f"http://{_ADDRESS}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    """Answers a bounded number of connections, each within a bounded time."""

    daemon_threads = True
    block_on_close = False

    def __init__(
        self, address: tuple[str, int], handler: Any, most: int, seconds: float, silence: float
    ) -> None:
        super().__init__(address, handler)
        self.silence = silence
        self._seconds = seconds
        self._most = most
        self._lock = threading.Lock()
        self._open: dict[socket.socket, float] = {}

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for one more connection."""
        with self._lock:
            if len(self._open) >= self._most:
                return False
            self._open[request] = time.monotonic() + self._seconds
            return True

    def shutdown_request(self, request: Any) -> None:
        """Close a connection and make room."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Cut off connections whose time is over; their threads end with them."""
        with self._lock:
            late = [request for request, until in self._open.items() if time.monotonic() > until]
        for request in late:
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a connection that broke: it is the client's affair."""


class _Files(SimpleHTTPRequestHandler):
    """Serves the plain files below one folder to a browser on this machine."""

    server: _Server
    server_version = "gpuledger"
    sys_version = ""
    extensions_map = _TYPES

    def setup(self) -> None:
        """Wait for no client longer than is agreed."""
        self.request.settimeout(self.server.silence)
        super().setup()

    def parse_request(self) -> bool:
        """Read a request's head, and refuse one that is for another host or wants more than to read."""
        if not super().parse_request():
            return False
        own = {f"{name}:{self.server.server_port}" for name in (_ADDRESS, "localhost")}
        if self.server.server_port == _DEFAULT_PORT:
            own |= {_ADDRESS, "localhost"}
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or not {hosts[0].lower(), urlsplit(self.path).netloc or hosts[0].lower()} <= own:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return False
        if self.command not in {"GET", "HEAD"}:
            self.send_error(HTTPStatus.METHOD_NOT_ALLOWED)
            return False
        return True

    def send_head(self) -> Any:
        """Open what is asked for, or answer that it is not there: no list of a folder, no redirect."""
        if self._file() is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def translate_path(self, path: str) -> str:
        """The file that a path of a request means."""
        return str(self._file() or "")

    def list_directory(self, path: Any) -> None:
        """Answer that a folder is not there."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def end_headers(self) -> None:
        """Tell the browser how little a page of this site may do."""
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _file(self) -> Path | None:
        """The plain file of the site that is asked for; None for a link out of it or a hidden file."""
        try:
            asked = unquote(urlsplit(self.path).path, errors="strict")
            parts = [part for part in asked.split("/") if part]
            if "\\" in asked or "\0" in asked or any(part.startswith(".") for part in parts):
                return None
            site = Path(self.directory).resolve()
            path = site.joinpath(*parts)
            if asked.endswith("/"):
                path /= "index.html"
            found = path.resolve(strict=True)
            inside = found.relative_to(site)
        except (OSError, ValueError, RuntimeError):
            return None
        hidden = any(part.startswith(".") for part in inside.parts)
        return found if found.is_file() and not hidden else None
