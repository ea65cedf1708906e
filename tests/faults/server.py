"""A server on this machine that misbehaves: each of its addresses in a way of its own.

Every address is a host of its own (127.x.y.z), because a crawl asks a host one thing at a time: those who
keep it waiting shall not stand in the way of each other.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus

_AT_ONCE = 1 << 16
_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Reply:
    """One answer: what is said, and how saying it goes wrong.

    `length` is the Content-Length that is stated, in place of the true one, and "" states none. `stalls_at`
    and `resets_at` are bytes of head and body after which nothing more comes, or the connection is reset.
    The body is sent `times` over.
    """

    body: bytes = b""
    media_type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | str | None = None
    times: int = 1
    stalls_at: int | None = None
    resets_at: int | None = None

    @property
    def head(self) -> bytes:
        """Status line and headers."""
        length = len(self.body) * self.times if self.length is None else self.length
        stated = {"Content-Length": str(length)} if length != "" else {}
        fields = {"Content-Type": self.media_type, **stated, "Connection": "close", **self.headers}
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


Replies = Mapping[str, Sequence[Reply]]
"""What each path answers: the first time, the second time, and at last for good."""


class _Host:
    """One address: it answers its own paths, and has no robots.txt."""

    def __init__(self, replies: Replies) -> None:
        self._replies = replies
        self._asked: Counter[str] = Counter()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request and answer it, well or badly; a client that hangs up is part of the game."""
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ")[1].decode("ascii")
            replies = self._replies.get(path, [Reply(b"nothing here", status=404)])
            reply = replies[min(self._asked[path], len(replies) - 1)]
            self._asked[path] += 1
            await _say(reply, reader, writer)
        writer.close()


async def _say(reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    said = reply.head + (reply.body if reply.times == 1 else b"")
    if reply.stalls_at is not None:
        writer.write(said[: reply.stalls_at])
        # Until the client has lost its patience.
        await reader.read()
    elif reply.resets_at is not None:
        writer.write(said[: reply.resets_at])
        await writer.drain()
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        writer.transport.abort()
    else:
        for start in range(0, len(said), _AT_ONCE):
            writer.write(said[start : start + _AT_ONCE])
            await writer.drain()
        for _ in range(reply.times if reply.times > 1 else 0):
            writer.write(reply.body)
            await writer.drain()


@contextmanager
def serving(hosts: Mapping[str, Replies]) -> Iterator[dict[str, str]]:
    """Serve hosts, each on a loopback address of its own; yields the address of each by its name."""
    loop = asyncio.new_event_loop()
    started, addresses = threading.Event(), {}

    async def start() -> list[asyncio.Server]:
        servers = []
        for index, (name, replies) in enumerate(hosts.items(), start=1):
            host = f"127.0.{1 + index // 200}.{1 + index % 200}"
            server = await asyncio.start_server(_Host(replies).answer, host, 0)
            addresses[name] = "http://{}:{}".format(*server.sockets[0].getsockname()[:2])
            servers.append(server)
        return servers

    def run() -> None:
        asyncio.set_event_loop(loop)
        servers = loop.run_until_complete(start())
        started.set()
        loop.run_forever()
        for server in servers:
            server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    started.wait()
    try:
        yield addresses
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
