"""What the faulty provider would say if nothing were wrong: six machines, in the form of each format."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from tests.faults.server import Reply

FORMATS = ("json_api", "html_table", "rendered_page", "xml_api", "yaml_file")
"""How pages are fetched; rendered_page is the one with a browser."""
PATH = "/prices"
MEDIA_TYPES = {
    "json_api": "application/json",
    "html_table": "text/html; charset=utf-8",
    "rendered_page": "text/html; charset=utf-8",
    "xml_api": "application/xml",
    "yaml_file": "application/yaml",
}


@dataclass(frozen=True)
class Machine:
    """One offer: its true price in USD per hour, None where it is not known, and how it is printed.

    `text` is what a table shows, `number` what an API or a file gives, a str for what stands in quotes.
    """

    name: str
    gpu: str
    count: int
    usd_per_hour: float | None
    text: str = ""
    number: Any = None
    unit: str = "USD per hour"

    @property
    def shown(self) -> str:
        return self.text or f"${self.usd_per_hour:.2f}/hr"

    @property
    def given(self) -> Any:
        return self.usd_per_hour if self.number is None else self.number


MACHINES = (
    Machine("t4-1", "T4", 1, 0.35),
    Machine("a10-1", "A10", 1, 0.75),
    Machine("l40s-1", "L40S", 1, 1.55),
    Machine("a100-8", "A100 SXM4", 8, 14.32),
    Machine("h100-1", "H100 SXM", 1, 2.99),
    Machine("h100-8", "H100 SXM", 8, 23.92),
)
KEYS = ("machine", "gpu", "count", "price", "unit")


def with_price(
    text: str, number: Any, *, usd_per_hour: float | None = None, unit: str = "USD per hour"
) -> list[Machine]:
    """The six machines, the price of the fourth printed in another way."""
    odd = replace(MACHINES[3], usd_per_hour=usd_per_hour, text=text, number=number, unit=unit)
    return [*MACHINES[:3], odd, *MACHINES[4:]]


def records(machines: Sequence[Machine]) -> list[dict[str, Any]]:
    """The machines as an API lists them."""
    return [
        dict(zip(KEYS, (one.name, one.gpu, one.count, one.given, one.unit), strict=True)) for one in machines
    ]


def body(format: str, machines: Sequence[Machine] = MACHINES) -> bytes:
    """The machines as a source of a format publishes them."""
    if format in {"html_table", "rendered_page"}:
        cells = [(one.name, one.gpu, str(one.count), one.shown) for one in machines]
        return page(format, table(("Machine", "GPU", "Count", "Price"), cells))
    return listing(format, records(machines))


def listing(format: str, listed: Sequence[dict[str, Any]]) -> bytes:
    """Records as JSON, XML or YAML."""
    if format == "json_api":
        return json.dumps({"offers": listed}, ensure_ascii=False).encode()
    if format == "xml_api":
        fields = [[f"<{key}>{escape(_xml(value))}</{key}>" for key, value in one.items()] for one in listed]
        entries = "".join(f"<offer>{''.join(entry)}</offer>" for entry in fields)
        return f'<?xml version="1.0" encoding="utf-8"?><answer><offers>{entries}</offers></answer>'.encode()
    lines = [
        f"{'- ' if not place else '  '}{key}: {_yaml(value)}"
        for entry in listed
        for place, (key, value) in enumerate(entry.items())
    ]
    return ("offers:" + ("" if lines else " []") + "\n" + "".join(f"{line}\n" for line in lines)).encode()


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table."""
    head = "".join(f"<th>{escape(header)}</th>" for header in headers)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table><tr>{head}</tr>\n{lines}</table>"


def page(format: str, inside: str, title: str = "Prices") -> bytes:
    """A whole HTML page; one for the browser is empty until its script has run."""
    if format == "rendered_page":
        text = json.dumps(inside, ensure_ascii=False).replace("</", "<\\/")
        inside = f'<main></main><script>document.querySelector("main").innerHTML = {text};</script>'
    head = f'<meta charset="utf-8"><link rel="icon" href="data:,"><title>{title}</title>'
    return f"<!doctype html><html><head>{head}</head><body>{inside}</body></html>".encode()


def reply(format: str, content: bytes | None = None, **how: Any) -> Reply:
    """An answer of a format, by default the six machines."""
    how.setdefault("media_type", MEDIA_TYPES[format])
    return Reply(body(format) if content is None else content, **how)


def _xml(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity"
    return str(value)


def _yaml(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf"
    return json.dumps(value, ensure_ascii=False)
