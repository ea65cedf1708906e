"""feed.xml: an Atom feed (RFC 4287) of changed free tiers, moved list prices and incidents."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # nosec B405
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import duckdb

from reports.queries import run_query
from reports.tables import in_short, web_link

_ATOM: Final = "http://www.w3.org/2005/Atom"
# XML 1.0 has no place for these, not even escaped; those that `in_short` has not written out.
_UNPRINTABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def feed(connection: duckdb.DuckDBPyConnection, *, as_of: datetime, note: str | None) -> str:
    """The feed as XML; `note` stands in every entry, such as that prices are simulated."""
    ET.register_namespace("", _ATOM)
    rows = run_query(connection, "feed").to_dicts()
    root = ET.Element(f"{{{_ATOM}}}feed")
    _add(root, "id", uuid5(NAMESPACE_URL, "gpuledger:feed").urn)
    _add(root, "title", "gpuledger: prices, free tiers, incidents")
    _add(root, "updated", _moment(rows[0]["happened_at"] if rows else as_of))
    ET.SubElement(root, f"{{{_ATOM}}}link", {"rel": "self", "href": "feed.xml"})
    ET.SubElement(root, f"{{{_ATOM}}}link", {"rel": "alternate", "href": "index.html"})
    _add(ET.SubElement(root, f"{{{_ATOM}}}author"), "name", "gpuledger")
    for row in rows:
        root.append(_entry(row, note))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _entry(row: dict[str, Any], note: str | None) -> ET.Element:
    entry = ET.Element(f"{{{_ATOM}}}entry")
    identity = "|".join(str(row[name]) for name in ("happened_at", "kind", "provider", "subject", "summary"))
    _add(entry, "id", uuid5(NAMESPACE_URL, f"gpuledger:{identity}").urn)
    _add(entry, "title", f"{row['kind']}: {row['provider']}, {row['subject']}")
    _add(entry, "updated", _moment(row["happened_at"]))
    ET.SubElement(entry, f"{{{_ATOM}}}link", {"rel": "alternate", "href": row["page"]})
    if link := web_link(row["source_url"]):
        ET.SubElement(entry, f"{{{_ATOM}}}link", {"rel": "via", "href": link})
    ET.SubElement(entry, f"{{{_ATOM}}}category", {"term": row["kind"]})
    _add(entry, "summary", f"{row['summary']} [{note}]" if note else row["summary"])
    return entry


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, f"{{{_ATOM}}}{name}").text = _UNPRINTABLE.sub("�", in_short(text))


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
