"""Tables of pages: formatted values, rendered by one macro in templates/parts.html.

Great Tables writes a light-theme style sheet into every table it renders, which neither follows the
reader's dark theme nor the site's Content-Security-Policy, so the markup is the site's own.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from markupsafe import Markup

from warehouse.text_safety import visible

Shown = Callable[[Any], str]
NOTHING = "–"
_LONGEST_LINK: Final = 2000
_LONGEST_SLUG: Final = 80
# Printable and without white space, which browsers leave out of an address before they follow it.
_LINK: Final = re.compile(r"[!-~\u00a1-\ud7ff\uf900-\ufffd\U00010000-\U0010ffff]+")


@dataclass(frozen=True)
class Cell:
    """One cell: its text, a link for it, its class (number, status-ok ...), and a note in small print."""

    text: str
    href: str = ""
    css: str = ""
    note: str = ""


@dataclass(frozen=True)
class TableColumn:
    """A column: its header, the key of its value, how the value is shown, and where it leads.

    `link` is the key of an address of the web, `page` that of the name of a page of this site, and `note`
    that of words in small print.
    """

    header: str
    key: str
    shown: Shown = str
    link: str = ""
    css: str = ""
    page: str = ""
    note: str = ""


@dataclass(frozen=True)
class TableView:
    """A table as the macro takes it."""

    caption: str
    headers: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]


def table(caption: str, columns: Sequence[TableColumn], rows: Iterable[Mapping[str, Any]]) -> TableView:
    """Rows of a query as a table; a null is shown as a dash, which is not a zero."""
    return TableView(
        caption,
        tuple(Cell(column.header, css=column.css) for column in columns),
        tuple(tuple(_cell(column, row) for column in columns) for row in rows),
    )


def _cell(column: TableColumn, row: Mapping[str, Any]) -> Cell:
    value = row[column.key]
    text = NOTHING if value is None else column.shown(value)
    css = f"status-{text}" if column.css == "status" else column.css
    href = web_link(row[column.link]) if column.link else ""
    if column.page and row[column.page]:
        href = f"{row[column.page]}.html"
    return Cell(text, href, css, row[column.note] or "" if column.note else "")


def web_link(url: Any) -> str:
    """The address if it is one of the web, else none: what a source says is never run."""
    if (
        not isinstance(url, str)
        or len(url) > _LONGEST_LINK
        or not _LINK.fullmatch(url)
        or visible(url) != url
    ):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.hostname else ""


def in_short(text: str, longest: int = 1000) -> str:
    """A text for a page: what cannot be seen is written out, and what is too long is cut.

    The downloads and the warehouse have all of it.
    """
    return visible(text if len(text) <= longest else f"{text[:longest]}…")


def script_json(value: Any) -> Markup:
    """A value as JSON for a script element, which nothing in it can end or turn into a comment."""
    text = json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
    return Markup(text)  # noqa: S704 (it holds no "<")  # nosec B704


def dollars(value: float) -> str:
    """A price with as many digits as it needs: $0.0731, $1.95, $55.04."""
    return f"${value:,.4f}" if value < 1 else f"${value:,.2f}"


def share(value: float) -> str:
    """A share in per cent."""
    return f"{value:.0%}"


def signed_share(value: float) -> str:
    """A change in per cent, with its sign."""
    return f"{value:+.1%}"


def number(value: float) -> str:
    """A number of at most one decimal."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def moment(value: datetime) -> str:
    """A slot or time: 2026-11-20 03:00Z."""
    return f"{value:%Y-%m-%d %H:%MZ}"


def day(value: date | datetime) -> str:
    """A day: 2026-11-20."""
    return f"{value:%Y-%m-%d}"


def gpu_page(row: Mapping[str, Any]) -> str:
    """The name of a GPU's own page: gpu-h100-sxm-80."""
    return f"gpu-{_slug(gpu_name(row).removesuffix(' GiB'))}"


def provider_page(provider: str) -> str:
    """The name of a provider's own page: provider-vast-ai."""
    return f"provider-{_slug(provider)}"


def _slug(text: str) -> str:
    """A text as a part of a file's name; one too long for it is told from others by its digest."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if len(slug) <= _LONGEST_SLUG:
        return slug
    return f"{slug[:_LONGEST_SLUG]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def gpu_name(row: Mapping[str, Any]) -> str:
    """A GPU with its form factor and memory: H100 SXM 80 GiB."""
    memory = row["gpu_memory_gib"]
    parts = [row["gpu_model"], row["gpu_form_factor"] if row["gpu_form_factor"] != "card" else None]
    return " ".join([*filter(None, parts), *([f"{memory:g} GiB"] if memory else [])])
