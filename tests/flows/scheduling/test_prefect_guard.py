"""What the guard of our own Prefect server lets through: own pages and clients, and no code to run."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.scheduling.prefect_guard import ENTRYPOINTS, Guard

PORT = 4200
OWN = f"127.0.0.1:{PORT}"
PASSED = 200


async def _application(scope: Any, receive: Any, send: Any) -> None:
    """Answers 200 to whatever reaches it, with the body that it received."""
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": PASSED, "headers": []})
    await send({"type": "http.response.body", "body": body})


def status(
    path: str = "/api/flows/filter", method: str = "POST", body: Any = None, **headers: str
) -> tuple[int, bytes]:
    """What comes of a request, as (status, body); `headers` with _ for -."""
    sent: list[dict[str, Any]] = []
    raw = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    given = {"host": OWN, **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http",
        "path": path,
        "method": method,
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
    }
    asyncio.run(Guard(_application, PORT)(scope, receive, send))  # type: ignore[arg-type]
    return sent[0]["status"], sent[1]["body"]


@pytest.mark.parametrize("host", [OWN, f"localhost:{PORT}", f"[::1]:{PORT}"])
def test_it_answers_under_its_own_addresses(host: str) -> None:
    assert status(host=host)[0] == PASSED


@given(
    st.sampled_from(["evil.example", "127.0.0.1", f"127.0.0.1.evil.example:{PORT}", "", f"{OWN}.", "a:4200"])
)
def test_another_name_is_refused(host: str) -> None:
    assert status(host=host)[0] == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", f"https://{OWN}", "http://127.0.0.1:4201", ""]
)
def test_a_page_of_another_origin_is_refused(origin: str) -> None:
    assert status(origin=origin)[0] == 403


def test_its_own_dashboard_and_a_link_to_it_are_answered() -> None:
    assert status(origin=f"http://{OWN}", sec_fetch_site="same-origin")[0] == PASSED
    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}
    assert status("/", "GET", **link)[0] == PASSED
    assert status("/api/flows/filter", "POST", sec_fetch_site="cross-site")[0] == 403


CODE = (
    ("/api/deployments/", {"name": "n", "pull_steps": [{"prefect.deployments.steps.run_shell_script": {}}]}),
    ("/api/deployments/1", {"pull_steps": [{"a": {}}]}),
    ("/api/deployments/", {"entrypoint": "os.system"}),
    ("/api/deployments/", {"entrypoint": "evil.py:flow"}),
    ("/api/deployments/1/create_flow_run", {"job_variables": {"command": "sh"}}),
    ("/api/deployments/1/create_flow_run", {"state": {"data": {"command": "sh"}}}),
    ("/api/deployments/bulk", [{"name": "n"}, {"pull_steps": [1]}]),
    ("/api/flow_runs/", {"infrastructure_document_id": "1"}),
    ("/api/work_pools/", {"name": "p", "type": "process"}),
    ("/api/block_documents/", {"name": "secret"}),
    ("/api/automations/", {"actions": []}),
    ("/api/variables/", {"name": "v", "value": 1}),
    ("/api/admin/database/clear", {"confirm": True}),
)


@pytest.mark.parametrize(("path", "body"), CODE)
@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
def test_what_names_code_or_where_to_run_it_is_refused(path: str, body: Any, method: str) -> None:
    assert status(path, method, body)[0] == 403


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_not_json_is_refused(body: bytes) -> None:
    assert status("/api/deployments/", "POST", body)[0] == 400


def test_what_serve_itself_registers_passes_whole() -> None:
    assert ENTRYPOINTS.keys() == {"nightly", "market", "compact"}
    for name, entrypoint in ENTRYPOINTS.items():
        body = {"name": name, "entrypoint": entrypoint, "path": ".", "pull_steps": None, "job_variables": {}}
        assert status("/api/deployments/", "POST", body) == (PASSED, json.dumps(body).encode())


def test_automations_are_removed_and_never_written() -> None:
    owned = "/api/automations/owned-by/prefect.deployment.1"
    assert status(owned, "DELETE", b"")[0] == PASSED
    assert status(owned, "PUT")[0] == 403
    assert status("/api/block_documents/1", "DELETE", b"")[0] == 403


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_the_api_does_not_describe_itself(path: str) -> None:
    assert status(path, "GET")[0] == 404


def test_a_request_that_is_too_large_is_refused() -> None:
    assert status("/api/logs/", "POST", b" " * (33 << 20))[0] == 413


def test_no_worker_connects() -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": "/api/workers/connect", "headers": [(b"host", OWN.encode())]}
    asyncio.run(Guard(_application, PORT)(scope, receive, send))  # type: ignore[arg-type]
    assert [message["type"] for message in sent] == ["websocket.close"]
