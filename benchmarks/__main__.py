"""`python -m benchmarks [FAMILY...]`: measure, print the table, and write it into docs/performance.md.

Without a name every family is measured; those that are not keep the tables of their last run.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks import keeping, lake, reading, scale
from benchmarks.measuring import Line

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
FAMILIES = {"reading": reading, "keeping": keeping, "scale": scale, "lake": lake}


def main(names: Sequence[str]) -> None:
    """Measure, print and write."""
    table = Table("what", "ours", "against", "theirs", "ratio", "goal", "met")
    for name in names or FAMILIES:
        measured = []
        for line in FAMILIES[name].lines():
            measured.append(line)
            table.add_row(*_cells(line))
            Console().print(f"{line.what}: {line.ratio:.2f} of {line.against}", markup=False)
        _write(name, measured)
    Console(width=160).print(table)


def _cells(line: Line) -> list[str]:
    goal = "–" if line.goal is None else f"{line.goal:g}"
    ours, others = (f"{value:,.3g} {line.unit}" for value in (line.ours, line.others))
    return [line.what, ours, line.against, others, f"{line.ratio:.2f}", goal, line.met]


def _write(family: str, lines: list[Line]) -> None:
    machine = f"{platform.machine()}, {os.cpu_count()} cores; Python {platform.python_version()}"
    stamp = f"Measured on {datetime.now(UTC):%Y-%m-%d}: {machine}, DuckDB {duckdb.__version__}."
    head = "| what | ours | against | theirs | ratio | goal | met |\n|---|---|---|---|---|---|---|"
    rows = "\n".join(f"| {' | '.join(_cells(line))} |" for line in lines)
    begin, end = f"<!-- {family}: begin -->", f"<!-- {family}: end -->"
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    DOCUMENT.write_text(f"{before}{begin}\n\n{head}\n{rows}\n\n{stamp}\n\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
