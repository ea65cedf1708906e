"""Providers: the registry, free tiers side by side, and machines for rent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import filterfalse
from typing import Any, Final

import duckdb

from reports.pages import Page
from reports.pages.names import gpu_names
from reports.queries import run_query
from reports.tables import (
    NOTHING,
    Cell,
    TableColumn,
    TableView,
    day,
    dollars,
    moment,
    number,
    provider_page,
    table,
    web_link,
)

# The columns of the comparisons, in the words of a reader.
TERMS: Final = {
    "gpu_models": "GPU",
    "ram_gib": "RAM",
    "vcpus": "CPU",
    "storage_gib": "storage",
    "session_hours": "session at most",
    "idle_minutes": "idle at most",
    "weekly_gpu_hours": "GPU a week",
    "daily_gpu_hours": "GPU a day",
    "weekly_tpu_hours": "TPU a week",
    "concurrent_sessions": "at once",
    "public_only": "public only",
    "guaranteed": "guaranteed",
    "compute_units": "units",
    "credit_usd": "credit",
    "usd_per_month": "price a month",
}
_STATES: Final = {"absent": "none", "present": "yes"}


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The providers page."""
    terms = run_query(connection, "terms_known").to_dicts()
    machines = [
        {**row, **gpu_names(row)} for row in run_query(connection, "machines_side_by_side").to_dicts()
    ]
    shown = {
        "registry": table(
            "Every provider that is watched",
            [
                TableColumn("provider", "title", page="page"),
                TableColumn("kind", "kind"),
                TableColumn("state", "status"),
                TableColumn("since", "since"),
                TableColumn("what happened, or why it is off", "remark", link="evidence"),
                TableColumn("sources", "sources"),
                TableColumn("last good slot", "last_good_slot", moment),
                TableColumn("rows", "row_count", number, css="number"),
            ],
            [
                {**row, "page": provider_page(row["provider"])}
                for row in run_query(connection, "registry").to_dicts()
            ],
        ),
        "free": _matrix("What is free, side by side", filter(_is_free, terms)),
        "plans": _matrix("What plans give, side by side", filterfalse(_is_free, terms)),
        "machines": table(
            "The cheapest machine on demand of each provider and GPU",
            [
                TableColumn("GPU", "gpu", page="gpu_page"),
                TableColumn("provider", "provider"),
                TableColumn("a GPU-hour", "usd_per_gpu_hour", dollars, link="source_url", css="number"),
                TableColumn("machine", "instance_type"),
                TableColumn("GPUs", "gpu_count", number, css="number"),
                TableColumn("GPU memory, GiB", "gpu_memory_gib", number, css="number"),
                TableColumn("vCPUs", "vcpus", number, css="number"),
                TableColumn("RAM, GiB", "ram_gib", number, css="number"),
                TableColumn("disk, GiB", "disk_gib", number, css="number"),
                TableColumn("region", "region"),
                TableColumn("seen on", "slot", day),
            ],
            machines,
        ),
    }
    return Page("providers", "Providers", shown)


def _is_free(row: Mapping[str, Any]) -> bool:
    tier: str = row["tier"]
    return tier.startswith("Free") or tier == "Studio Lab"


def _matrix(caption: str, rows: Iterable[Mapping[str, Any]]) -> TableView:
    """Tiers down, terms across; every figure links to where it stands, with its date beside it."""
    tiers: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        if row["term"] in TERMS:
            tiers.setdefault((row["provider"], row["tier"]), {})[row["term"]] = row
    known = [term for term in TERMS if any(term in terms for terms in tiers.values())]
    headers = ("provider", "tier", *(TERMS[term] for term in known))
    return TableView(
        caption,
        tuple(Cell(header) for header in headers),
        tuple(
            (Cell(provider), Cell(tier), *(_known(terms.get(term)) for term in known))
            for (provider, tier), terms in tiers.items()
        ),
    )


def _known(row: Mapping[str, Any] | None) -> Cell:
    if row is None:
        return Cell(NOTHING)
    value = _STATES["absent"] if row["state"] == "absent" else row["value"] or _STATES["present"]
    return Cell(value, web_link(row["source_url"]), note=row["as_stated"])
