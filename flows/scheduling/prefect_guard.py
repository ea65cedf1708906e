"""An ASGI guard in front of our Prefect server: which requests it accepts.

Prefect answers any Host and any Origin, and a client that may write to its API may have a shell command run.
The guard answers under the server's own addresses only, to no page of another origin, and refuses what would
name code to run, even with the password. Prefect itself checks the password.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any, Final

ENTRYPOINTS: Final = {
    "nightly": "flows.scheduling.deployment.nightly",
    "market": "flows.scheduling.deployment.market",
    "compact": "flows.scheduling.compaction.compact",
}
_ENTRYPOINTS: Final = ("", *ENTRYPOINTS.values())
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# What names code, a place to load it from, or the shape of the process that runs it.
_NAMES_CODE: Final = frozenset(
    {
        "base_job_template",
        "command",
        "infra_overrides",
        "infrastructure",
        "infrastructure_document_id",
        "job_configuration",
        "job_variables",
        "manifest_path",
        "path",
        "pull_steps",
        "storage_document_id",
        "work_pool_name",
        "work_queue_id",
        "work_queue_name",
    }
)
# Kinds of objects that a scheduler has no use for, and that make it, or a worker, ask or run something else.
_NOT_WRITTEN: Final = (
    "admin",
    "automations",
    "block_documents",
    "block_schemas",
    "block_types",
    "templates",
    "variables",
    "work_pools",
    "work_queues",
)
# Kinds whose fields are looked at however deep they are nested: what starts a process comes from these.
_STARTING: Final = frozenset({"deployments", "flow_runs", "flows"})
_READING: Final = ("/filter", "/count", "/paginate", "/history", "/lateness")
_DESCRIPTIONS: Final = frozenset({"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"})
_SOCKETS: Final = frozenset({"/api/events/in", "/api/events/out", "/api/logs/out"})
_READ_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LARGEST_BODY: Final = 32 << 20
_HEADERS: Final = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


class RequestRefused(Exception):
    """A request is refused; `status` is that of HTTP."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Guard:
    """Prefect's application behind its guard, served on a port of this machine."""

    def __init__(self, application: Application, port: int) -> None:
        self._application = application
        self._hosts = frozenset(f"{host}:{port}" for host in ("127.0.0.1", "localhost", "[::1]"))
        self._origins = frozenset(f"http://{host}" for host in self._hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        try:
            self._from_here(scope)
            if scope["type"] == "websocket":
                _socket(scope)
            else:
                receive = await _harmless(scope, receive)
        except RequestRefused as refusal:
            await _refuse(scope, send, refusal)
            return
        await self._application(scope, receive, _with_headers(send))

    def _from_here(self, scope: Scope) -> None:
        """Raise Refused for a request under another name, or of a page of another origin."""
        hosts = _headers(scope, b"host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            raise RequestRefused(421, "this server answers under its own address only")
        if not self._origins.issuperset(_headers(scope, b"origin")):
            raise RequestRefused(403, "pages of another origin are not answered")
        sites = _headers(scope, b"sec-fetch-site")
        navigated = _headers(scope, b"sec-fetch-mode") == ["navigate"] and scope.get("method") == "GET"
        # localhost and 127.0.0.1 are two sites to a browser; their origins were checked above.
        if not {"same-origin", "none"}.issuperset(sites) and not navigated and not _headers(scope, b"origin"):
            raise RequestRefused(403, "pages of another site are not answered")


def _headers(scope: Scope, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == wanted]


def _socket(scope: Scope) -> None:
    if scope["path"] not in _SOCKETS:
        raise RequestRefused(403, "no worker connects to this server")


async def _harmless(scope: Scope, receive: Receive) -> Receive:
    """What is left to receive of a request that names no code. Raises Refused."""
    path = scope["path"]
    if path in _DESCRIPTIONS:
        raise RequestRefused(404, "not found")
    if scope["method"] in _READ_METHODS or not path.startswith("/api/"):
        return receive
    kind = path.split("/")[2]
    # Prefect's runner removes the automations of a deployment that it registers; removing starts nothing.
    removes = scope["method"] == "DELETE" and kind == "automations"
    if kind in _NOT_WRITTEN and not removes and not path.endswith(_READING):
        raise RequestRefused(403, f"{kind} are not written on this server")
    body = await _body(receive)
    if body and not path.endswith(_READING):
        _names_no_code(body, deep=kind in _STARTING)
    return _again(body, receive)


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise RequestRefused(400, "the request was broken off")
        part = message.get("body", b"")
        size += len(part)
        if size > _LARGEST_BODY:
            raise RequestRefused(413, "the request is too large")
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _names_no_code(body: bytes, *, deep: bool) -> None:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise RequestRefused(400, "the request is not JSON") from problem
    for name, value in _fields(asked, deep):
        if name in _NAMES_CODE and value not in (None, "", ".", [], {}):
            raise RequestRefused(
                403, f"{name} is not accepted: this server starts gpuledger's own flows only"
            )
        if name == "entrypoint" and value is not None and value not in _ENTRYPOINTS:
            raise RequestRefused(403, "this entrypoint is not one of gpuledger's flows")


def _fields(asked: Any, deep: bool) -> Iterator[tuple[str, Any]]:
    """The fields of an object, or of each in a list; with `deep` those of all objects within."""
    left = asked if isinstance(asked, list) else [asked]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            yield from each.items()
            left.extend(each.values() if deep else ())
        elif isinstance(each, list) and deep:
            left.extend(each)


def _again(body: bytes, receive: Receive) -> Receive:
    """Receives a body that was read already, then whatever comes."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> Message:
        return waiting.pop() if waiting else await receive()

    return received


def _with_headers(send: Send) -> Send:
    """Sends an answer that no other page may frame, and whose address no other page sees."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *_HEADERS]
        await send(message)

    return sent


async def _refuse(scope: Scope, send: Send, refusal: RequestRefused) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": str(refusal)})
        return
    body = json.dumps({"detail": str(refusal)}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
