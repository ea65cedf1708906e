"""Servers on this machine, and providers declared below a folder as an installation's own are."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socketserver import BaseServer

_PROVIDER = """
title = "A server on this machine"
kind = "cloud"
status = "active"
homepage = "http://127.0.0.1"
"""
_SOURCE = """
[source.{name}]
title = "{name}"
format = "{format}"
delay_seconds = 0
timeout_seconds = {timeout_seconds}
good.offers.rows_at_least = {rows_at_least}
"""


@contextmanager
def serving(server: BaseServer, *gates: threading.Event) -> Iterator[None]:
    """A server at work in a thread; in the end its gates are opened, so that nothing of it still waits."""
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        for gate in gates:
            gate.set()
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Declared:
    """One source: its format, its limits, and its requests, each request as the TOML of its table."""

    format: str
    requests: Sequence[str]
    timeout_seconds: int = 60
    rows_at_least: int = 1


def declare_provider(folder: Path, provider: str, sources: Mapping[str, Declared], page: str) -> Path:
    """Write a provider's folder, `page` being the text of its page.py; returns `folder`."""
    own = folder / provider
    own.mkdir(parents=True)
    text = _PROVIDER
    for name, source in sources.items():
        text += _SOURCE.format(
            name=name,
            format=source.format,
            timeout_seconds=source.timeout_seconds,
            rows_at_least=source.rows_at_least,
        )
        text += "".join(f"[[source.{name}.request]]\n{request}\n" for request in source.requests)
    (own / "provider.toml").write_text(text, encoding="utf-8")
    (own / "__init__.py").touch()
    (own / "page.py").write_text(page, encoding="utf-8")
    return folder
