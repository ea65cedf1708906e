"""The run log: nights by source, incidents, what was quarantined and what nobody had declared."""

from __future__ import annotations

import duckdb

from reports.pages import Page
from reports.queries import answer
from reports.tables import Cell, Column, TableView, day, moment, number, table


def page(connection: duckdb.DuckDBPyConnection) -> Page:
    """The run log page."""
    quarantined = [
        {**row, "slot": moment(row["slot"])} for row in answer(connection, "quarantine").to_dicts()
    ]
    shown = {
        "nights": _nights(connection),
        "quarantined": quarantined,
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
    return Page("runs", "Run log", shown)


def _nights(connection: duckdb.DuckDBPyConnection) -> TableView:
    """Days down, sources across, the status of each."""
    found = answer(connection, "nights")
    sources = sorted(found["source"].unique().to_list())
    status = {(row["day"], row["source"]): row["status"] for row in found.to_dicts()}
    days = sorted(found["day"].unique().to_list(), reverse=True)
    rows = ((Cell(day(one)), *(_status(status.get((one, source))) for source in sources)) for one in days)
    return TableView("Status of every source by day", (Cell("day"), *map(Cell, sources)), tuple(rows))


def _status(status: str | None) -> Cell:
    return Cell(status, css=f"status-{status}") if status else Cell("missed", css="status-missed")
