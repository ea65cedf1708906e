"""Data quality: snapshots by source, expectations, incidents, anomalies, and what was refused."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from importlib import resources
from typing import Any, Final

import duckdb
import polars as pl

from reports.pages import Page
from reports.queries import run_query
from reports.tables import NOTHING, Cell, TableColumn, TableView, day, moment, number, table
from warehouse.limits import LENGTH
from warehouse.void_runs import void_runs

_YEAR: Final = timedelta(days=365)


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The data quality page."""
    quarantined = [
        {**row, "slot": moment(row["slot"])} for row in run_query(connection, "quarantine").to_dicts()
    ]
    shown = {
        "snapshots": _snapshots(connection),
        "quarantined": quarantined,
        "expectations": table(
            "Expectations and how often they failed",
            [
                TableColumn("expectation", "expectation"),
                TableColumn("level", "level"),
                TableColumn("of", "table_name"),
                TableColumn("sources", "sources", number, css="number"),
                TableColumn("checks", "checks", number, css="number"),
                TableColumn("failures", "failures", number, css="number"),
                TableColumn("rows refused by it", "rows_failed", number, css="number"),
                TableColumn("last failure", "last_failure", moment),
                TableColumn("at", "last_source"),
            ],
            run_query(connection, "expectations").to_dicts(),
        ),
        "anomalies": table(
            "Anomalies by source",
            [
                TableColumn("source", "source"),
                TableColumn("days", "days", number, css="number"),
                TableColumn("anomalies", "anomalies", number, css="number"),
                TableColumn("in a year of such days", "anomalies_a_year", number, css="number"),
                TableColumn("of", "kinds"),
            ],
            run_query(connection, "anomalies").to_dicts(),
        ),
        "false_alarms": table(
            "The same detector on real histories of others",
            [
                TableColumn("history", "name"),
                TableColumn("sources", "sources", number, css="number"),
                TableColumn("snapshots", "snapshots", number, css="number"),
                TableColumn("cadence", "cadence"),
                TableColumn("anomalies", "anomalies", number, css="number"),
                TableColumn("a source and year", "a_year", number, css="number"),
            ],
            _measured(),
        ),
        "incidents": table(
            "Incidents, newest first",
            [
                TableColumn("slot", "slot", moment),
                TableColumn("source", "source"),
                TableColumn("severity", "severity"),
                TableColumn("kind", "kind"),
                TableColumn("what happened", "summary"),
            ],
            run_query(connection, "incidents").to_dicts(),
        ),
        "void_runs": table(
            "Void runs, newest first",
            [
                TableColumn("run", "run_id"),
                TableColumn("flow", "flow"),
                TableColumn("declared void", "voided_at", moment),
                TableColumn("reason", "reason"),
                TableColumn("scrapes", "scrapes", number, css="number"),
                TableColumn("first slot", "first_slot", moment),
                TableColumn("last slot", "last_slot", moment),
            ],
            void_runs(connection),
        ),
        "findings": table(
            "What the parsers met and nobody had declared",
            [
                TableColumn("slot", "slot", moment),
                TableColumn("source", "source"),
                TableColumn("kind", "kind"),
                TableColumn("field or word", "subject"),
                TableColumn("where", "detail"),
                TableColumn("times", "times", number, css="number"),
            ],
            run_query(connection, "findings").to_dicts(),
        ),
    }
    return Page("quality", "Data quality", shown)


def _measured() -> list[dict[str, Any]]:
    text = (resources.files("reports") / "false_alarms.toml").read_text(encoding="utf-8")
    return [
        {
            **history,
            "a_year": _YEAR / LENGTH[history["cadence"]] * history["anomalies"] / history["snapshots"],
        }
        for history in tomllib.loads(text)["history"]
    ]


def _snapshots(connection: duckdb.DuckDBPyConnection) -> TableView:
    """Days down, sources across, the status of each; a dash before a source was first tried."""
    found = run_query(connection, "snapshots")
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
