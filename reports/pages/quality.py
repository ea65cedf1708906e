"""Data quality: nights by source, what was expected of them, incidents, alarms, and what was refused."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

import duckdb
import polars as pl

from reports.pages import Page
from reports.queries import answer
from reports.tables import NOTHING, Cell, Column, TableView, day, moment, number, table
from warehouse.void_runs import void_runs


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The data quality page."""
    quarantined = [
        {**row, "slot": moment(row["slot"])} for row in answer(connection, "quarantine").to_dicts()
    ]
    shown = {
        "nights": _nights(connection),
        "quarantined": quarantined,
        "expectations": table(
            "Expectations and how often they failed",
            [
                Column("expectation", "expectation"),
                Column("level", "level"),
                Column("of", "table_name"),
                Column("sources", "sources", number, css="number"),
                Column("checks", "checks", number, css="number"),
                Column("failures", "failures", number, css="number"),
                Column("rows refused by it", "rows_failed", number, css="number"),
                Column("last failure", "last_failure", moment),
                Column("at", "last_source"),
            ],
            answer(connection, "expectations").to_dicts(),
        ),
        "alarms": table(
            "What the watch has said of each source",
            [
                Column("source", "source"),
                Column("days watched", "days", number, css="number"),
                Column("alarms", "alarms", number, css="number"),
                Column("in a year of such days", "alarms_a_year", number, css="number"),
                Column("of", "kinds"),
            ],
            answer(connection, "alarms").to_dicts(),
        ),
        "false_alarms": table(
            "The same watch on real histories of other people's nights",
            [
                Column("history", "name"),
                Column("sources", "sources", number, css="number"),
                Column("nights", "nights", number, css="number"),
                Column("alarms", "alarms", number, css="number"),
                Column("a source and year", "a_year", number, css="number"),
            ],
            _measured(),
        ),
        "incidents": table(
            "Incidents, newest first",
            [
                Column("slot", "slot", moment),
                Column("source", "source"),
                Column("severity", "severity"),
                Column("kind", "kind"),
                Column("what happened", "summary"),
            ],
            answer(connection, "incidents").to_dicts(),
        ),
        "void_runs": table(
            "Void runs, newest first",
            [
                Column("run", "run_id"),
                Column("flow", "flow"),
                Column("declared void", "voided_at", moment),
                Column("reason", "reason"),
                Column("scrapes", "scrapes", number, css="number"),
                Column("first slot", "first_slot", moment),
                Column("last slot", "last_slot", moment),
            ],
            void_runs(connection),
        ),
        "findings": table(
            "What the parsers met and nobody had declared",
            [
                Column("slot", "slot", moment),
                Column("source", "source"),
                Column("kind", "kind"),
                Column("field or word", "subject"),
                Column("where", "detail"),
                Column("times", "times", number, css="number"),
            ],
            answer(connection, "findings").to_dicts(),
        ),
    }
    return Page("quality", "Data quality", shown)


def _measured() -> list[dict[str, Any]]:
    text = (resources.files("reports") / "false_alarms.toml").read_text(encoding="utf-8")
    return [
        {**history, "a_year": 365 * history["alarms"] / history["nights"]}
        for history in tomllib.loads(text)["history"]
    ]


def _nights(connection: duckdb.DuckDBPyConnection) -> TableView:
    """Days down, sources across, the status of each; a dash before a source was first tried."""
    found = answer(connection, "nights")
    sources = sorted(found["source"].unique().to_list())
    status = {(row["day"], row["source"]): row["status"] for row in found.to_dicts()}
    days = sorted(found["day"].unique().to_list(), reverse=True)
    first = dict(found.group_by("source").agg(pl.col("day").min()).iter_rows())
    rows = (
        (
            Cell(day(one), css="day"),
            *(
                _status(status.get((one, source))) if one >= first[source] else Cell(NOTHING)
                for source in sources
            ),
        )
        for one in days
    )
    return TableView("Status of every source by day", (Cell("day"), *map(Cell, sources)), tuple(rows))


def _status(status: str | None) -> Cell:
    return Cell(status, css=f"status-{status}") if status else Cell("missed", css="status-missed")
