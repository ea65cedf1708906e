"""Pages that try to reach what is not public, and the crawl that opens them, in a network of its own.

`python -m tests.scrapers.crawl.escapes FOLDER CHROMIUM` must run in a network namespace without a way out,
as the root of that namespace. It gives loopback public and private addresses, serves the pages on a public
one, listens on all, and prints as JSON what every address received and how each job ended.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from scrapers.archive.writer import read_archive
from scrapers.crawl.client import FetchPlan, Job, fetch
from tests.loopback import Declared, declare_provider

SITE = "93.184.216.34"
INSIDE = ("10.0.0.1", "100.64.0.1", "198.18.0.1", "192.0.0.8", "169.254.169.254", "192.168.0.1", "172.16.0.1")
INSIDE_6 = ("fd00::1", "fec0::1", "64:ff9b:1::1", "2002:a00:1::1", "64:ff9b::a00:1")
LOOPBACK = "127.0.0.1"
TCP_PORTS = (80, 443, 3478, 8080)
UDP_PORTS = (53, 443, 3478)

_ALL = [*INSIDE, LOOPBACK, *(f"[{address}]" for address in INSIDE_6)]
_TO_ALL = (
    "const ALL = " + json.dumps([f"http://{host}{port}" for host in _ALL for port in ("", ":8080")]) + ";"
)
_SHOWN = "<p class=price>1</p>"

_SCRIPT = (
    _TO_ALL
    + """
const quiet = (f) => { try { const r = f(); if (r && r.catch) r.catch(() => {}); } catch (e) {} };
const add = (name, fields) => { const made = document.createElement(name); Object.assign(made, fields);
                                document.body.append(made); return made; };
for (const to of ALL) {
  const ws = to.replace("http", "ws"), tls = to.replace("http", "https").replace(":8080", ":443");
  quiet(() => fetch(to + "/fetch", {mode: "no-cors"}));
  quiet(() => fetch(to + "/post", {mode: "no-cors", method: "POST", body: "secret", keepalive: true}));
  quiet(() => fetch(tls + "/tls", {mode: "no-cors"}));
  quiet(() => fetch("/to?" + encodeURIComponent(to + "/redirected"), {mode: "no-cors"}));
  quiet(() => navigator.sendBeacon(to + "/beacon", "x"));
  quiet(() => new EventSource(to + "/events"));
  quiet(() => new WebSocket(ws + "/socket"));
  quiet(() => new WebTransport(tls + "/transport").closed);
  quiet(() => { new Image().src = to + "/image"; });
  quiet(() => { new Image().src = "/to?" + encodeURIComponent(to + "/image-redirected"); });
  for (const rel of ["prefetch", "preconnect", "dns-prefetch", "preload", "stylesheet", "icon", "manifest",
                     "modulepreload", "prerender"])
    quiet(() => add("link", {rel, href: to + "/" + rel, as: "image"}));
}
const some = ["http://10.0.0.1", "http://127.0.0.1:8080", "http://100.64.0.1", "http://[fd00::1]"];
for (const to of some) {
  quiet(() => add("iframe", {src: to + "/frame"}));
  quiet(() => add("iframe", {src: "/to?" + encodeURIComponent(to + "/frame-redirected")}));
  quiet(() => add("iframe", {srcdoc: `<meta http-equiv=refresh content="0;url=${to}/refresh">
                                      <iframe src="${to}/nested"></iframe>`}));
  quiet(() => add("iframe", {src: "data:text/html,<img src='" + to + "/in-data'><script>fetch('" + to
                                  + "/data-fetch', {mode: 'no-cors'})<" + "/script>"}));
  quiet(() => add("object", {data: to + "/object"}));
  quiet(() => add("embed", {src: to + "/embed"}));
  quiet(() => add("video", {src: to + "/video", preload: "auto"}));
  const code = (kind) => URL.createObjectURL(new Blob([`
    fetch("${to}/${kind}", {mode: "no-cors"}).catch(() => {});
    fetch("http://93.184.216.34/to?" + encodeURIComponent("${to}/${kind}-redirected"), {mode: "no-cors"})
      .catch(() => {});
    try { importScripts("${to}/${kind}-import") } catch (e) {}`]));
  quiet(() => new Worker(code("worker")));
  quiet(() => new SharedWorker(code("shared")));
  quiet(() => navigator.serviceWorker.register("/worker.js"));
  const host = new URL(to).hostname;
  quiet(() => { const peer = new RTCPeerConnection({iceServers: [{urls: "stun:" + host + ":3478"},
      {urls: "turn:" + host + ":3478", username: "u", credential: "p"},
      {urls: "turn:" + host + ":3478?transport=tcp", username: "u", credential: "p"}]});
    peer.createDataChannel("x"); peer.createOffer().then((offer) => peer.setLocalDescription(offer)); });
  quiet(() => window.open(to + "/open"));
  quiet(() => window.open("http://93.184.216.34/to?" + encodeURIComponent(to + "/open-redirected"), "_blank",
                          "noopener"));
  quiet(() => { const form = add("form", {action: to + "/form", method: "POST", target: "_blank"});
                form.innerHTML = "<input name=a value=b>"; form.submit(); });
  quiet(() => add("a", {href: to + "/link", target: "_blank", ping: to + "/ping", textContent: "x"}).click());
}
"""
)
_BLANK = f"""<body>{_SHOWN}<script>
window.open("about:blank").document.write("<img src='http://10.0.0.1/blank'>");</script></body>"""
_ESCAPES = f"""<!doctype html><html><head>
<link rel=dns-prefetch href="//10.0.0.1"><link rel=preconnect href="//10.0.0.1"></head>
<body>{_SHOWN}<script src="/escapes.js"></script></body></html>"""

_POLICY = {"Content-Security-Policy-Report-Only": "img-src 'none'; report-uri http://10.0.0.1/csp"}
PAGES: dict[str, tuple[int, dict[str, str], str]] = {
    "/escapes": (200, _POLICY, _ESCAPES),
    "/escapes.js": (200, {"Content-Type": "text/javascript"}, _SCRIPT),
    "/worker.js": (200, {"Content-Type": "text/javascript"}, "fetch('http://10.0.0.1/service')"),
    "/blank": (200, {}, _BLANK),
    "/quiet": (200, {}, f"<body>{_SHOWN}</body>"),
    "/redirected": (302, {"Location": "http://10.0.0.1/main"}, ""),
    "/redirected_by_name": (302, {"Location": "http://inside.example/main"}, ""),
    "/redirected_to_both": (302, {"Location": "http://both.example/main"}, ""),
    "/redirected_port": (302, {"Location": f"http://{SITE}:8080/main"}, ""),
    "/keyed": (302, {"Location": "http://93.184.216.34/stolen"}, ""),
    "/framed": (200, {}, f"<body>{_SHOWN}<iframe src='http://93.184.216.34/framing'></iframe></body>"),
    "/moved": (302, {"Location": "http://93.184.216.34/quiet"}, ""),
    "/refreshed": (200, {}, '<meta http-equiv=refresh content="0;url=http://100.64.0.1/main">'),
    "/led": (200, {}, "<body><script>location = 'http://10.0.0.1/main'</script></body>"),
    "/led_by_redirect": (200, {}, "<body><script>location = '/redirected'</script></body>"),
    "/downloading": (
        200,
        {},
        "<body><a download=x href='http://10.0.0.1/file'></a><script>"
        "document.querySelector('a').click()</script></body>",
    ),
}
JOBS = {
    "escapes": "/escapes",
    "blank": "/blank",
    "quiet": "/quiet",
    "keyed": "/keyed",
    "framed": "/framed",
    "moved": "/moved",
    **{
        name.strip("/"): name
        for name in PAGES
        if name.startswith(("/redirected", "/refreshed", "/led", "/down"))
    },
}
# Each job has a site of its own, so that they need not wait for each other.
SITES = {name: f"93.184.216.{34 + place}" for place, name in enumerate(JOBS)}
_ASK = """url = "http://{}{}"
wait_for = ".price"
{}"""
_HEADERS = {
    "keyed": 'headers = { Authorization = "Bearer mine" }',
    "framed": 'headers = { X-Own = "mine" }',
}


class Recorder:
    """Everything that any address received: the first bytes of each connection, and every datagram."""

    def __init__(self) -> None:
        self.received: dict[str, list[str]] = defaultdict(list)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = writer.get_extra_info("sockname")[:2]
        try:
            head = await asyncio.wait_for(reader.read(4096), 5)
        except (TimeoutError, OSError):
            head = b""
        line = head.partition(b"\r\n")[0].decode("ascii", "replace")[:200]
        line += " with a key" if b"x-own: mine" in head.lower() else ""
        self.received[f"{host}:{port}"].append(line)
        if host in SITES.values() and port == 80:
            writer.write(self._answer(line.split(" ")[1] if " " in line else "/"))
        writer.close()

    def _answer(self, target: str) -> bytes:
        path, _, query = target.partition("?")
        status, headers, text = PAGES.get(path, (404, {}, "nothing here"))
        if path == "/to":
            status, headers = 302, {"Location": unquote(query)}
        fields = {
            "Content-Type": "text/html",
            "Content-Length": str(len(text)),
            "Connection": "close",
            **headers,
        }
        lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in fields.items()), "", text]
        return "\r\n".join(lines).encode()

    def datagram(self, host: str, port: int) -> type[asyncio.DatagramProtocol]:
        received = self.received

        class Datagrams(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: Any) -> None:
                received[f"{host}:{port}/udp"].append(data[:40].hex())

        return Datagrams


def set_up(folder: Path) -> None:
    """Give loopback its addresses, and names that lead inside."""
    _must("ip", "link", "set", "lo", "up")
    for address in (*SITES.values(), *INSIDE):
        _must("ip", "address", "add", f"{address}/32", "dev", "lo")
    for address in INSIDE_6:
        _must("ip", "-6", "address", "add", f"{address}/128", "dev", "lo", "nodad")
    hosts = folder / "hosts"
    names = f"127.0.0.1 localhost\n10.0.0.1 inside.example\n{SITE} both.example\n10.0.0.1 both.example\n"
    hosts.write_text(names, encoding="utf-8")
    _must("mount", "--bind", str(hosts), "/etc/hosts")


def _must(*command: str) -> None:
    subprocess.run(command, check=True)


async def listen(recorder: Recorder) -> None:
    """Listen on every address and port."""
    loop = asyncio.get_running_loop()
    for host in (*SITES.values(), *INSIDE, LOOPBACK, *INSIDE_6):
        for port in TCP_PORTS:
            await asyncio.start_server(recorder.accept, host, port)
        for port in UDP_PORTS:
            await loop.create_datagram_endpoint(recorder.datagram(host, port), local_addr=(host, port))


async def attempted(folder: Path, chromium: str) -> dict[str, Any]:
    """Crawl the pages; returns what was received where, and each job's outcome."""
    recorder = Recorder()
    await listen(recorder)
    sources = {
        name: Declared("rendered_page", [_ASK.format(SITES[name], path, _HEADERS.get(name, ""))])
        for name, path in JOBS.items()
    }
    providers = declare_provider(folder / "providers", "hostile", sources, "")
    slot = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    jobs = tuple(Job(f"hostile.{name}", slot) for name in JOBS)
    plan = FetchPlan(folder, "hostile0", jobs, chromium=chromium, providers=providers, request_timeout=40)
    paths = await fetch(plan, lambda job, path: None)
    await asyncio.sleep(0.5)
    outcomes = {job.source: asdict(read_archive(path, folder).outcome) for job, path in paths.items()}
    return {"received": recorder.received, "outcomes": outcomes}


if __name__ == "__main__":
    set_up(Path(sys.argv[1]))
    said = asyncio.run(attempted(Path(sys.argv[1]), sys.argv[2]))
    sys.stdout.write(json.dumps(said, default=str))
