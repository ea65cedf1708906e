"""Steps of a run with Prefect, without it, and with an API that is not there."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prefect import flow
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_CLIENT_MAX_RETRIES,
    PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED,
    temporary_settings,
)

from flows.pipeline import steps
from flows.pipeline.steps import as_flow, step
from flows.runtime.installation import Installation
from flows.scheduling.prefect_api import unusable_api
from tests.processes import COMMAND, free_port, started


@contextmanager
def api(address: str) -> Iterator[None]:
    """Prefect set to an address, with no patience."""
    patience = {PREFECT_CLIENT_MAX_RETRIES: 0, PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED: False}
    with temporary_settings({PREFECT_API_URL: address, **patience}):
        yield


@contextmanager
def web_server(status: int, body: bytes) -> Iterator[str]:
    """A server that answers everything alike."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that http.server looks for

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()
        thread.join()


def test_no_argument_of_a_run_becomes_a_parameter_that_prefect_stores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Any] = []

    def making(**options: Any) -> Any:
        decorate = flow(**options)
        return lambda function: made.append(decorate(function)) or made[-1]

    async def run(installation: Installation, word: str) -> str:
        return f"{word} {installation.environment['VAST_API_KEY']}"

    monkeypatch.setattr(steps, "flow", making)
    keyed = Installation(Path("home"), environment={"VAST_API_KEY": "sesame-open"})
    with api(f"http://127.0.0.1:{free_port()}/api"):
        assert asyncio.run(as_flow(run, "nightly", "nightly 03Z", keyed, word="a")) == "a sesame-open"
    (made_of_it,) = made
    assert made_of_it.parameters.properties == {}


def test_a_step_without_prefect_is_tried_again_and_then_raises() -> None:
    calls: list[str] = []

    @step("x", retry_delays=(0, 0))
    async def fails_twice() -> str:
        calls.append("x")
        if len(calls) < 3:
            raise OSError("no")
        return "done"

    assert asyncio.run(fails_twice()) == "done"
    with pytest.raises(OSError, match="no"):
        calls.clear()
        asyncio.run(step("x")(fails_twice.function)())
    assert calls == ["x"]


def test_a_step_without_prefect_has_its_time_limit() -> None:
    @step("x", timeout=0.05)
    async def hangs() -> None:
        await asyncio.sleep(30)

    with pytest.raises(TimeoutError):
        asyncio.run(hangs())


def test_a_run_that_prefect_cannot_note_is_done_all_the_same_and_once() -> None:
    calls: list[int] = []

    async def run(number: int) -> int:
        calls.append(number)
        return await doubled(number)

    @step("double", failure=lambda result: "odd" if result % 2 else "")
    async def doubled(number: int) -> int:
        return number * 2

    with api(f"http://127.0.0.1:{free_port()}/api"):
        assert asyncio.run(as_flow(run, "nightly", "nightly 2026-11-25T03Z", 21)) == 42
    assert calls == [21]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, b"{}", "answers HTTP 401"),
        (404, b"no", "answers HTTP 404"),
        (200, b"<html>", "is not Prefect's API"),
        (200, b'{"a": 1}', "is not Prefect's API"),
    ],
)
def test_what_answers_otherwise_is_not_used(status: int, body: bytes, said: str) -> None:
    with web_server(status, body) as address, api(address):
        assert said in unusable_api(5)


def test_what_refuses_or_never_answers_is_not_waited_for() -> None:
    with api(f"http://127.0.0.1:{free_port()}/api"):
        assert "cannot be reached" in unusable_api(5)
    with socket.create_server(("127.0.0.1", 0)) as deaf, api(f"http://127.0.0.1:{deaf.getsockname()[1]}/api"):
        assert "does not answer within 0.3 s" in unusable_api(0.3)


def test_a_night_is_stored_when_prefects_address_leads_nowhere(tmp_path: Path, local: Any) -> None:
    lost = {"PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api", "PREFECT_LOGGING_LEVEL": "none of them"}
    proxied = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    home = tmp_path / "home"
    with started("nightly", "--home", home, command=COMMAND, **local.variables, **lost, **proxied) as run:
        out, err = run.communicate(timeout=120)
        assert run.returncode == 0, err
    assert "Prefect is not used for this run: PREFECT_API_URL cannot be reached" in err
    assert "Traceback" not in err
    assert "2 ok" in out
